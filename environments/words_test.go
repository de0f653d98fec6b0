package environments

import (
	"context"
	"errors"
	"strings"
	"testing"
)

const wordsHead = `version: 1
defaults: {kubernetes: {version: "1.34"}}
apps: [{name: shop, source: {repository: https://example.com/shop}}]
environments: [{name: dev}, {name: prod, after: [dev]}]
`

func loadWords(text string) (*Config, error) {
	known := Words{Rules: []string{"image-downgrade", "delete-volume"}, Template: func(key, text string) error {
		if strings.Contains(text, ".Nothing") {
			return errors.New("there is no .Nothing")
		}
		return nil
	}}
	return Load(context.Background(), files{RootFile: wordsHead + text}, Knowing(known))
}

func TestWords(t *testing.T) {
	c, err := loadWords(`risk: {image-downgrade: critical, delete-volume: off}
text:
  title: "{{ .Environment }}: {{ .Title }}"
  labels: ["risk/{{ .Risk }}"]
tickets: {pattern: "[A-Z]+-[0-9]+", from: [pullRequest], link: "https://example.com/browse/{ticket}", require: [prod]}
`)
	if err != nil {
		t.Fatal(err)
	}
	if c.Risk["image-downgrade"] != "critical" || c.Risk["delete-volume"] != "off" || c.Texts.Title != "{{ .Environment }}: {{ .Title }}" || len(c.Texts.Labels) != 1 {
		t.Errorf("%v %+v", c.Risk, c.Texts)
	}
	if !c.Tickets.Needed("prod") || c.Tickets.Needed("dev") || c.Tickets.From[0] != "pullRequest" || !c.Tickets.Pattern.MatchString("ABC-12") {
		t.Errorf("%+v", c.Tickets)
	}
	if dev, _ := c.Placement("shop", "dev"); dev.Gates.Tickets {
		t.Error("dev asks for tickets")
	}
	if prod, _ := c.Placement("shop", "prod"); !prod.Gates.Tickets {
		t.Error("prod asks for no ticket")
	}
	if c, err := loadWords("tickets: {pattern: \"[0-9]+\"}\n"); err != nil || len(c.Tickets.From) != 2 || c.Tickets.Needed("prod") {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestWrongWords(t *testing.T) {
	for text, want := range map[string]string{
		"risk: {image-downgrad: high}\n":                       `ferry.yaml:5:8: there is no rule of risk "image-downgrad"; ferry explain risks lists them; did you mean "image-downgrade"?`,
		"risk: {image-downgrade: hihg}\n":                      `ferry.yaml:5:25: risk.image-downgrade must be one of off, low, medium, high, critical, not "hihg"; did you mean "high"?`,
		"text: {title: \"{{ .Title\"}\n":                       `ferry.yaml:5:15: title "{{ .Title" is not a template: unclosed action`,
		"text:\n  body: |\n    {{ .Nothing }}\n":               `ferry.yaml:6:9: body: there is no .Nothing`,
		"text: {labels: [\"a\", \"{{ .Nothing }}\"]}\n":        `ferry.yaml:5:22: labels: there is no .Nothing`,
		"tickets: {pattern: \"([a-z]\"}\n":                     "ferry.yaml:5:20: pattern \"([a-z]\" is not a regular expression: missing closing ): `([a-z]`",
		"tickets: {pattern: \"x*\"}\n":                         `ferry.yaml:5:20: pattern "x*" is not a regular expression: it also matches no text at all`,
		"tickets: {pattern: \"(abc|def){900}\"}\n":             `ferry.yaml:5:20: pattern "(abc|def){900}" is not a regular expression: it repeats too much`,
		"tickets: {pattern: \"x\", require: [prd]}\n":          `ferry.yaml:5:35: tickets are required in "prd", which does not exist; did you mean "prod"?`,
		"tickets: {pattern: \"x\", link: https://x.example}\n": `ferry.yaml:5:31: link "https://x.example" is not an address of the web: it has no {ticket}`,
		"tickets: {pattern: \"x\", from: [commit]}\n":          `ferry.yaml:5:32: an entry of from must be one of commits, branch, pullRequest, not "commit"; did you mean "commits"?`,
		"tickets: {require: [prod]}\n":                         `ferry.yaml:5:10: tickets has no pattern`,
	} {
		if _, err := loadWords(text); err == nil || err.Error() != want {
			t.Errorf("%s gives\n%v\nwant\n%s", text, err, want)
		}
	}
}

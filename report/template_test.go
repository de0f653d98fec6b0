package report

import (
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/environments"
)

func TestTemplates(t *testing.T) {
	pr := storefront(t)
	pr.Changes[0].To.Release.Version = "1.4.0 closes #7"
	pr.Changes[0].To.Release.Tickets = []string{"SHOP-2", "SHOP-1"}
	pr.TicketLink = "https://tickets.example.com/{ticket}"
	pr.Texts = environments.Texts{
		Title:  "{{ .Environment | upper }}: {{ range .Apps }}{{ .App }} {{ default \"new\" .From }} to {{ .Version }}{{ end }}",
		Body:   "Runbook: https://wiki.example.com/{{ .Environment }} for {{ join \", \" .Tickets }} by @release\n\n{{ .Body }}",
		Commit: "deploy({{ .Unit }}): {{ .Title }}\n\n{{ range .Tickets }}Refs: {{ . }}\n{{ end }}",
		Labels: []string{"risk/{{ .Risk }}", "{{ if eq .Risk \"critical\" }}stop{{ end }}"},
	}
	w := Writer{Budget: GitHub}
	text := w.PullRequest(pr)
	if want := "PROD-EU: storefront 1.3.0 to 1.4.0 closes #\u200b7"; text.Title != want {
		t.Errorf("title %q, want %q", text.Title, want)
	}
	if want := "Runbook: https://wiki.example.com/prod-eu for SHOP-1, SHOP-2 by @release\n\n**1 high, 2 medium risks.**"; !strings.HasPrefix(text.Body, want) {
		t.Errorf("body begins %q", text.Body[:len(want)])
	}
	if want := "deploy(storefront): storefront 1.4.0 closes #\u200b7 -> prod-eu\n\nRefs: SHOP-1\nRefs: SHOP-2"; w.Message(pr) != want {
		t.Errorf("message %q, want %q", w.Message(pr), want)
	}
	if want := "env/prod-eu ferry risk/high"; strings.Join(text.Labels, " ") != want {
		t.Errorf("labels %q, want %q", text.Labels, want)
	}
	if !strings.Contains(text.Body, "**Tickets:** [SHOP-1](https://tickets.example.com/SHOP-1), [SHOP-2](https://tickets.example.com/SHOP-2)") {
		t.Errorf("no tickets in\n%s", text.Body)
	}
}

// The words around a body take room from it, on every forge.
func TestATemplateLeavesRoomForTheBody(t *testing.T) {
	pr := fleet(t, 10, 50)
	pr.Texts.Body = strings.Repeat("Read this first. ", 60) + "\n\n{{ .Body }}"
	for name, b := range budgets {
		text := Writer{Budget: b}.PullRequest(pr)
		if n := size(text.Body); n > b.Description || !strings.HasPrefix(text.Body, "Read this first.") {
			t.Errorf("%s: %d characters of %d: %.40s", name, n, b.Description, text.Body)
		}
		checkNothingDropped(t, name, pr, text)
	}
	pr.Texts.Body = strings.Repeat("x", 50_000) + "{{ .Body }}"
	if text := (Writer{Budget: Azure}).PullRequest(pr); !strings.HasPrefix(text.Body, "**2 high risks.**") {
		t.Errorf("a template that fills the room is kept: %.40s", text.Body)
	}
}

func TestTemplatesAreChecked(t *testing.T) {
	for text, want := range map[string]string{
		"{{ .Titel }}":                                      "can't evaluate field Titel in a text",
		"{{ range .Apps }}{{ .Name }}{{ end }}":             "can't evaluate field Name in an app",
		"{{ printf \"%9999999d\" 1 }}":                      "the function printf is not one of ferry's",
		"{{ html .Title }}":                                 "the function html is not one of ferry's",
		"{{ call .Title }}":                                 "the function call is not one of ferry's",
		"{{ env \"TOKEN\" }}":                               `function "env" not defined`,
		"{{ range 1000000000 }}x{{ end }}":                  "the number 1000000000 is not one from 0 to 1000",
		"{{ range 0x7fffffff }}x{{ end }}":                  "is not one from 0 to 1000",
		"{{ $n := 1e9 }}{{ .Title }}":                       "is not one from 0 to 1000",
		"{{ range 900 }}{{ range 900 }}x{{ end }}{{ end }}": "it gives more than 65536 bytes",
		"{{ range .Apps }}{{ range .Apps }}{{ range .Apps }}x{{ end }}{{ end }}{{ end }}": "loops lie more than 2 deep",
		"{{ define \"x\" }}{{ template \"x\" }}{{ end }}":                                 "it defines templates of its own",
		"{{ template \"text\" . }}":                                                       "it calls a template",
		"{{ index .Apps 5 }}":                                                             "index out of range",
		"{{ if false }}x{{ end }}":                                                        "nothing comes out of it",
		"{{ .Title":                                                                       "unclosed action",
	} {
		for _, key := range []string{"title", "body", "commit"} {
			err := checkTemplate(key, text)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s %s gives %v, want %s", key, text, err, want)
			}
		}
	}
	for _, text := range []string{"x", "{{ .Title }}", "{{ if gt .Removed 0 }}removes{{ else }}{{ .Unit | lower }}{{ end }} {{ range $i, $a := .Apps }}{{ short $a.Commit }}{{ end }}",
		"{{ with .Tickets }}{{ len . }}{{ else }}none{{ end }}"} {
		if err := checkTemplate("title", text); err != nil {
			t.Errorf("%s is refused: %v", text, err)
		}
	}
	if err := checkTemplate("labels", "{{ if eq .Risk \"critical\" }}stop{{ end }}"); err != nil {
		t.Error(err)
	}
}

func FuzzTemplates(f *testing.F) {
	for _, text := range []string{"{{ .Title }}", "{{ range .Apps }}{{ .App }}{{ end }}", "{{ range 900 }}{{ range 900 }}{{ end }}{{ end }}", "{{ join \",\" .Tickets }}", "{{ $x := .Apps }}{{ index $x 0 }}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2048 {
			return
		}
		for _, key := range []string{"title", "body"} {
			if err := checkTemplate(key, text); err != nil && strings.Contains(err.Error(), "report.") {
				t.Errorf("%q is explained with our own names: %v", text, err)
			}
		}
	})
}

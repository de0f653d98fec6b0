package environments

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// Words are what other rooms know of the words in ferry.yaml: which rules of risk there are, and what a template may say.
// A configuration read without them is not checked in these places.
type Words struct {
	Rules    []string
	Template func(key, text string) error // key is title, body, commit or labels
}

// Knowing makes Load check words that other rooms know.
func Knowing(w Words) Option { return func(l *loader) { l.words = w } }

// Texts are templates for what ferry writes; "" stands for the built-in words.
type Texts struct {
	Title, Body, Commit string
	Labels              []string
}

// Tickets says how releases name the tickets that they are about.
type Tickets struct {
	Pattern *regexp.Regexp // nil where nobody asked for tickets
	From    []string       // commits, branch, pullRequest
	Link    string         // with {ticket}; "" = none
	Require []string       // environments that nothing without a ticket enters
}

// Needed tells whether nothing may enter an environment without a ticket.
func (t Tickets) Needed(environment string) bool {
	return t.Pattern != nil && slices.Contains(t.Require, environment)
}

type textsFile struct {
	Title  templateText   `yaml:"title" doc:"Title of a pull request." example:"\"{{ .Environment }}: {{ .Title }}\""`
	Body   templateText   `yaml:"body" doc:"Description of a pull request; .Body is the built-in one, shortened so that all of it fits." example:"\"Runbook: https://wiki.example.com/{{ .Environment }}\\n\\n{{ .Body }}\""`
	Commit templateText   `yaml:"commit" doc:"Message of a commit; ferry's trailers follow it." example:"\"chore: {{ .Title }}\""`
	Labels []templateText `yaml:"labels" doc:"More labels for pull requests; those that come out empty are left away." example:"[\"risk/{{ .Risk }}\"]"`
}

type ticketsFile struct {
	Pattern ticketPattern  `yaml:"pattern" jsonschema:"required" doc:"What a ticket looks like, as a regular expression (RE2). With a group, the group is the ticket." example:"\"[A-Z]+-[0-9]+\""`
	From    []ticketSource `yaml:"from" doc:"Where tickets are looked for: messages of the release's commits, the branch it was built from, and merged pull requests: title and branch of the one whose merge it was built from, where the source is on the forge of this repository, and what merge commits say. Without it, commits and branch." example:"[commits, pullRequest]"`
	Link    linkText       `yaml:"link" doc:"Address of a ticket, with {ticket} in it." example:"\"https://acme.atlassian.net/browse/{ticket}\""`
	Require []appName      `yaml:"require" doc:"Environments that a release without a ticket does not enter." example:"[prod]"`
}

// riskRules raise and lower rules of risk.
type riskRules map[ruleName]riskLevel

type (
	templateText  string
	ticketPattern string
	ticketSource  string
	linkText      string
	ruleName      string
	riskLevel     string
)

func (templateText) rule() rule  { return rule{name: "a template", check: checkText} }
func (ticketSource) rule() rule  { return words("commits", "branch", "pullRequest") }
func (riskLevel) rule() rule     { return words("off", "low", "medium", "high", "critical") }
func (ruleName) rule() rule      { return rule{name: "a rule of risk", pattern: namePattern} }
func (ticketPattern) rule() rule { return rule{name: "a regular expression", check: checkPattern} }
func (linkText) rule() rule      { return rule{name: "an address of the web", check: checkLink} }

// Limits of texts, far beyond what people write: templates run for each promotion, patterns over each commit.
const (
	maxTemplate = 16 << 10
	maxPattern  = 200
	maxProgram  = 2_000 // instructions of a compiled pattern
)

func checkText(s string) error {
	if len(s) > maxTemplate {
		return fmt.Errorf("it has more than %d bytes", maxTemplate)
	}
	return checkTemplate(s)
}

// checkPattern wants what RE2 can run in linear time and little memory.
func checkPattern(s string) error {
	if len(s) > maxPattern {
		return fmt.Errorf("it has more than %d characters", maxPattern)
	}
	tree, err := syntax.Parse(s, syntax.Perl)
	if err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	prog, err := syntax.Compile(tree.Simplify())
	switch {
	case err != nil:
		return err
	case len(prog.Inst) > maxProgram:
		return errors.New("it repeats too much")
	case regexp.MustCompile(s).MatchString(""):
		return errors.New("it also matches no text at all")
	}
	return nil
}

func checkLink(s string) error {
	switch {
	case !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://"):
		return errors.New("it begins with https://")
	case !strings.Contains(s, "{ticket}"):
		return errors.New("it has no {ticket}")
	}
	return checkRepository(s)
}

// checkWords looks at rules, templates and environments that texts and tickets name.
func (l *loader) checkWords() {
	for key := range l.rootNode.get("risk").pairs() {
		if l.words.Rules != nil {
			l.knows(l.words.Rules, key.text, key.Position, "there is no rule of risk %q; ferry explain risks lists them", quote(key.text))
		}
	}
	texts := l.rootNode.get("text")
	l.checkTexts("title", texts.get("title"))
	l.checkTexts("body", texts.get("body"))
	l.checkTexts("commit", texts.get("commit"))
	if labels := texts.get("labels"); labels != nil {
		l.checkTexts("labels", labels.items...)
	}
	for i, name := range l.root.Tickets.Require {
		l.knows(l.environmentNames(), string(name), l.rootNode.get("tickets", "require").item(i).Position, "tickets are required in %q, which does not exist", name)
	}
}

func (l *loader) checkTexts(key string, texts ...*node) {
	for _, n := range texts {
		if n == nil || n.spoilt() || n.kind != scalar || l.words.Template == nil {
			continue
		}
		if err := l.words.Template(key, n.text); err != nil {
			l.blame(n, hintOf(err), "%s: %v", key, err)
		}
	}
}

func textsOf(f textsFile) Texts {
	return Texts{Title: string(f.Title), Body: string(f.Body), Commit: string(f.Commit), Labels: strs(f.Labels)}
}

func ticketsOf(f ticketsFile) Tickets {
	if f.Pattern == "" {
		return Tickets{}
	}
	t := Tickets{Pattern: regexp.MustCompile(string(f.Pattern)), From: strs(f.From), Link: string(f.Link), Require: strs(f.Require)}
	if t.From == nil {
		t.From = []string{"commits", "branch"}
	}
	return t
}

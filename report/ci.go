package report

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/ferry-cd/ferry/door"
)

// What a CI hears of a run, from the document that -o json printed: a few outputs under the same names everywhere, and what
// went wrong in the words in which each CI shows it beside the files.

// Outcome is a document as far as a CI cares.
type Outcome struct {
	Result     string       `json:"result"`
	Changed    bool         `json:"changed"`
	Valid      *bool        `json:"valid"` // of validate, which has no result
	Promotions []ciMove     `json:"promotions"`
	Errors     []string     `json:"errors"`
	Problems   []ciProblem  `json:"problems"`
	Waiting    []ciStanding `json:"waiting"`
}

type ciMove struct {
	Environment string          `json:"environment"`
	Unit        string          `json:"unit"`
	Action      string          `json:"action"`
	Commit      string          `json:"commit"`
	MergeCommit string          `json:"mergeCommit"`
	PullRequest *PullRequestRef `json:"pullRequest"`
	Apps        []ciApp         `json:"apps"`
}

type ciApp struct {
	App     string `json:"app"`
	Release struct {
		Version  string `json:"version"`
		Sequence struct {
			Kind   string `json:"kind"`
			Number int64  `json:"number"`
		} `json:"sequence"`
	} `json:"release"`
}

type ciStanding struct {
	App         string `json:"app"`
	Environment string `json:"environment"`
	Version     string `json:"version"`
	Reason      string `json:"reason"`
}

type ciProblem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

// ReadOutcome reads what a command printed with -o json.
func ReadOutcome(data []byte) (Outcome, error) {
	var o Outcome
	if err := json.Unmarshal(data, &o); err != nil {
		return o, fmt.Errorf("read the report: %w", err)
	}
	if o.Valid != nil && o.Result == "" {
		o.Result = map[bool]string{true: ResultDone, false: ResultFailed}[*o.Valid]
	}
	return o, nil
}

// Output is one value that later steps of a pipeline read; it has no line breaks.
type Output struct{ Name, Value string }

// Outputs gives the values of a run, always all of them; lists are JSON.
func (o Outcome) Outputs(reportPath string) []Output {
	environments, numbers, urls, commits, releases := []string{}, []int{}, []string{}, []string{}, []string{}
	for _, p := range o.Promotions {
		environments = once(environments, p.Environment)
		if p.PullRequest != nil && p.PullRequest.Number > 0 && !slices.Contains(numbers, p.PullRequest.Number) {
			numbers, urls = append(numbers, p.PullRequest.Number), append(urls, p.PullRequest.URL)
		}
		for _, c := range []string{p.Commit, p.MergeCommit} {
			if c != "" {
				commits = once(commits, c)
			}
		}
		for _, a := range p.Apps {
			releases = once(releases, fmt.Sprintf("%s/%s-%d", a.App, a.Release.Sequence.Kind, a.Release.Sequence.Number))
		}
	}
	return []Output{{"changed", strconv.FormatBool(o.Changed)}, {"result", line(o.Result)}, {"release-id", jsonLine(releases)}, {"environments", jsonLine(environments)},
		{"pr-numbers", jsonLine(numbers)}, {"pr-urls", jsonLine(urls)}, {"commit-shas", jsonLine(commits)}, {"report-path", line(reportPath)}}
}

func once(all []string, s string) []string {
	if slices.Contains(all, s) {
		return all
	}
	return append(all, s)
}

func jsonLine(v any) string {
	data, _ := json.Marshal(v) // lists of texts and numbers cannot fail
	return string(data)
}

func line(s string) string { return door.Outside(s).Line() }

// Finding is something wrong, with its place where the message tells one.
type Finding struct {
	File         string
	Line, Column int
	Message      string
}

// placed finds the place in a message that names one: charts/shop/values.yaml:3:7: what is wrong.
var placed = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?:^|[\s(])([\w@+~][\w./@+~-]*\.[a-z]{2,4}):([1-9]\d{0,6})(?::([1-9]\d{0,6}))?\b`)
})

// Findings gives what is wrong, in the order of the document.
func (o Outcome) Findings() []Finding {
	var all []Finding
	for _, p := range o.Problems {
		f := Finding{p.File, p.Line, p.Column, line(p.Message)}
		if p.Hint != "" {
			f.Message += "; " + line(p.Hint)
		}
		all = append(all, f)
	}
	if len(all) > 0 {
		return all
	}
	for _, text := range o.Errors {
		f := Finding{Message: line(text)}
		if m := placed().FindStringSubmatch(text); m != nil && !strings.Contains(m[1], "..") {
			f.File = m[1]
			f.Line, _ = strconv.Atoi(m[2])
			f.Column, _ = strconv.Atoi(m[3])
		}
		all = append(all, f)
	}
	return all
}

// groups gives the log of a run by environment, in the order of the document.
func (o Outcome) groups() ([]string, map[string][]string) {
	var order []string
	said := map[string][]string{}
	add := func(environment, text string) {
		order = once(order, environment)
		said[environment] = append(said[environment], text)
	}
	for _, p := range o.Promotions {
		var apps []string
		for _, a := range p.Apps {
			apps = append(apps, line(a.App+" "+a.Release.Version))
		}
		text := line(p.Action) + " " + strings.Join(apps, ", ")
		if p.PullRequest != nil {
			text += " " + line(p.PullRequest.URL)
		}
		add(line(p.Environment), text)
	}
	for _, w := range o.Waiting {
		add(line(w.Environment), "waiting "+line(w.App+" "+w.Version+" "+w.Reason))
	}
	return order, said
}

// maxAnnotations is what GitHub shows of one kind in a step, less one for the number of those that are left out.
const maxAnnotations = 9

// GitHub writes workflow commands: a log group for each environment, and an annotation for each finding.
func (o Outcome) GitHub(w io.Writer) error {
	order, said := o.groups()
	for _, environment := range order {
		if _, err := fmt.Fprintf(w, "::group::%s\n  %s\n::endgroup::\n", githubData(environment), githubData(strings.Join(said[environment], "\n  "))); err != nil {
			return err
		}
	}
	all := o.Findings()
	for _, f := range all[:min(len(all), maxAnnotations)] {
		if _, err := fmt.Fprintf(w, "::error %s::%s\n", githubPlace(f), githubData(f.Message)); err != nil {
			return err
		}
	}
	if more := len(all) - maxAnnotations; more > 0 {
		_, err := fmt.Fprintf(w, "::error title=ferry::%d more in the report\n", more)
		return err
	}
	return nil
}

func githubPlace(f Finding) string {
	place := "title=ferry"
	if f.File != "" {
		place += ",file=" + githubProperty(f.File) + ",line=" + strconv.Itoa(max(f.Line, 1))
	}
	if f.Column > 0 {
		place += ",col=" + strconv.Itoa(f.Column)
	}
	return place
}

// githubData escapes as the toolkit of GitHub's actions does (actions/toolkit, core/src/command.ts). Runners obey ##[ in the
// middle of a line, too.
func githubData(s string) string {
	return strings.NewReplacer("##[", "# #[", "%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func githubProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}

// GitHubOutputs writes the file that GITHUB_OUTPUT names. The delimiter is one that nobody can guess.
func GitHubOutputs(w io.Writer, outputs []Output, delimiter string) error {
	for _, o := range outputs {
		if _, err := fmt.Fprintf(w, "%s<<%s\n%s\n%s\n", o.Name, delimiter, o.Value, delimiter); err != nil {
			return err
		}
	}
	return nil
}

package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// maxDotenv is what GitLab takes of a dotenv report, in bytes (docs.gitlab.com, "Instance limits"); a job with a larger one fails.
const maxDotenv = 5 << 10

// Dotenv writes the outputs as a GitLab job's dotenv report takes them: a variable a line. Lists that it has no room for are
// empty: the whole report has them.
func Dotenv(w io.Writer, outputs []Output) error {
	room := maxDotenv
	for _, o := range outputs {
		room -= len(dotenvLine(o.Name, ""))
	}
	for _, o := range outputs {
		if len(o.Value) > room {
			o.Value = ""
		}
		room -= len(o.Value)
		if _, err := io.WriteString(w, dotenvLine(o.Name, o.Value)); err != nil {
			return err
		}
	}
	return nil
}

func dotenvLine(name, value string) string {
	return fmt.Sprintf("FERRY_%s=%s\n", strings.ToUpper(strings.ReplaceAll(name, "-", "_")), value)
}

// quality is one entry of GitLab's code quality report (docs.gitlab.com, "Code Quality report format").
type quality struct {
	Description string `json:"description"`
	CheckName   string `json:"check_name"`
	Fingerprint string `json:"fingerprint"`
	Severity    string `json:"severity"`
	Location    struct {
		Path  string `json:"path"`
		Lines struct {
			Begin int `json:"begin"`
		} `json:"lines"`
	} `json:"location"`
}

// CodeQuality writes the findings as GitLab shows them in a merge request. One without a place is about ferry.yaml. The
// fingerprint tells findings apart and stays when lines move.
func (o Outcome) CodeQuality(w io.Writer) error {
	all, seen := []quality{}, map[string]int{}
	for _, f := range o.Findings() {
		q := quality{Description: f.Message, CheckName: "ferry", Severity: "major"}
		q.Location.Path, q.Location.Lines.Begin = f.File, max(f.Line, 1)
		if f.File == "" {
			q.Location.Path = "ferry.yaml"
		}
		what := q.Location.Path + "\x00" + f.Message
		sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", what, seen[what]))
		seen[what]++
		q.Fingerprint = hex.EncodeToString(sum[:])
		all = append(all, q)
	}
	return encode(w, all)
}

// Plain writes for people what a run did, by environment, and what is wrong: a job that keeps the document has no other log.
func (o Outcome) Plain(w io.Writer) error {
	order, said := o.groups()
	for _, environment := range order {
		if _, err := fmt.Fprintf(w, "%s\n  %s\n", environment, strings.Join(said[environment], "\n  ")); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "result: %s\n", line(o.Result))
	return err
}

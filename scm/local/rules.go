package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/scm"
)

// SettingsName is the file of settings inside the repository's Git directory, beside Git's own config. It is not kept in a
// ref on purpose: who may push must not be able to lower what protects a branch. It is optional:
//
//	{"protect": [{"branch": "env/*", "statuses": ["ferry/gates"], "approvals": 1}], "keepBranches": false}
//
// branch is a pattern in which * stands for anything but a slash; all rules that match hold. A merged head branch is
// deleted, unless keepBranches is true.
const SettingsName = "ferry-forge.json"

type settings struct {
	Protect      []rule `json:"protect"`
	KeepBranches bool   `json:"keepBranches"`
}

// rule is what a branch asks of a pull request before it is merged.
type rule struct {
	Branch    string   `json:"branch"`
	Statuses  []string `json:"statuses"`
	Approvals int      `json:"approvals"`
}

func (c *Client) settings() (settings, error) {
	var s settings
	name := filepath.Join(c.dir, SettingsName)
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	if s, err = decodeSettings(data); err != nil {
		return s, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

func decodeSettings(data []byte) (settings, error) {
	var s settings
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return settings{}, err
	}
	var errs []error
	for _, r := range s.Protect {
		if _, err := path.Match(r.Branch, ""); err != nil || r.Branch == "" {
			errs = append(errs, fmt.Errorf("branch %q is no pattern", r.Branch))
		}
		if r.Approvals < 0 {
			errs = append(errs, fmt.Errorf("branch %q: %d approvals", r.Branch, r.Approvals))
		}
	}
	return s, errors.Join(errs...)
}

// Rules implements scm.Ruler.
func (c *Client) Rules(_ context.Context, branch string) (scm.Rules, error) {
	s, err := c.settings()
	if err != nil {
		return scm.Rules{}, fmt.Errorf("read the rules of %s: %w", branch, err)
	}
	out := scm.Rules{MergesOnly: true, Methods: []scm.Method{scm.MergeCommit}}
	for _, r := range s.of(branch) {
		out.Protected = true
		out.Statuses = append(out.Statuses, r.Statuses...)
		out.Approvals = max(out.Approvals, r.Approvals)
	}
	out.ResetsApprovals = out.Approvals > 0 // those of an older head do not count
	slices.Sort(out.Statuses)
	out.Statuses = slices.Compact(out.Statuses)
	return out, nil
}

// of gives the rules that hold for a branch.
func (s settings) of(branch string) []rule {
	return slices.DeleteFunc(slices.Clone(s.Protect), func(r rule) bool {
		ok, _ := path.Match(r.Branch, branch)
		return !ok
	})
}

// allowed refuses a merge that a rule of the base branch forbids, naming all that is missing.
func (c *Client) allowed(ctx context.Context, s settings, r record) error {
	var missing []string
	for _, rule := range s.of(r.Base) {
		statuses, err := c.Statuses(ctx, r.HeadSHA)
		if err != nil {
			return err
		}
		missing = append(missing, rule.statuses(statuses)...)
		missing = append(missing, rule.approvals(r)...)
	}
	slices.Sort(missing)
	if missing = slices.Compact(missing); len(missing) > 0 {
		return &scm.RuleError{Branch: r.Base, Rule: strings.Join(missing, "; ")}
	}
	return nil
}

// statuses says which required ones are not success; all is newest first.
func (r rule) statuses(all []scm.Status) []string {
	var missing []string
	for _, name := range r.Statuses {
		at := slices.IndexFunc(all, func(s scm.Status) bool { return s.Context == name })
		switch {
		case at < 0:
			missing = append(missing, fmt.Sprintf("status %s is required and was never reported", name))
		case all[at].State != scm.Success:
			missing = append(missing, fmt.Sprintf("status %s is required and is %s", name, all[at].State))
		}
	}
	return missing
}

// approvals says what people have yet to do.
func (r rule) approvals(rec record) []string {
	if r.Approvals == 0 {
		return nil
	}
	if against := scm.Objectors(rec.PullRequest, rec.Reviews); len(against) > 0 {
		return []string{"changes were requested by " + strings.Join(against, ", ")}
	}
	if have := len(scm.Approvers(rec.PullRequest, rec.Reviews)); have < r.Approvals {
		return []string{fmt.Sprintf("%d approval(s) of this head required, %d given", r.Approvals, have)}
	}
	return nil
}

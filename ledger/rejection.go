package ledger

import (
	"path"
	"strings"
	"time"
)

// Rejection says that a person closed the pull request of a release: it, and what is older, stays out of the environment.
type Rejection struct {
	Version     int       `yaml:"version" json:"-"`
	App         string    `yaml:"app" json:"app"`
	Environment string    `yaml:"environment" json:"environment"`
	Release     Named     `yaml:"release" json:"release"`
	By          string    `yaml:"by" json:"by"`
	Time        time.Time `yaml:"time" json:"time"`
	PullRequest int       `yaml:"pullRequest" json:"pullRequest"`
}

func (r Rejection) valid() error {
	if err := format(r.Version); err != nil {
		return err
	}
	return scope(r.App, r.Environment, false)
}

// Path is where the rejection lies: one for each release and configuration.
func (r Rejection) Path() string {
	inputs := strings.TrimPrefix(r.Release.Inputs, "sha256:")
	return path.Join(rejectionsFolder, r.Environment, r.App, r.Release.Sequence.String()+"-"+inputs[:min(12, len(inputs))]+".yaml")
}

// File is the rejection as it lies on the branch.
func (r Rejection) File() File {
	r.Version, r.Time = 1, second(r.Time)
	return File{Path: r.Path(), Data: marshal(r)}
}

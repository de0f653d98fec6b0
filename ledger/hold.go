package ledger

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/release"
)

// Hold is a person's "stop here". App or Environment "" means all of them.
type Hold struct {
	Version     int       `yaml:"version" json:"-"`
	App         string    `yaml:"app,omitempty" json:"app,omitempty"`
	Environment string    `yaml:"environment,omitempty" json:"environment,omitempty"`
	Reason      string    `yaml:"reason" json:"reason"`
	By          string    `yaml:"by,omitempty" json:"by,omitempty"`
	Since       time.Time `yaml:"since,omitempty" json:"since,omitzero"`
	Until       time.Time `yaml:"until,omitempty" json:"until,omitzero"` // exclusive; zero = until someone resumes
	// Rollback says that the environment goes back, and stays back until it is resumed or a newer release is asked for
	// by name.
	Rollback *Rollback `yaml:"rollback,omitempty" json:"rollback,omitempty"`
	// Hotfix says that a release goes straight into the environment. What comes later must contain it.
	Hotfix *Hotfix `yaml:"hotfix,omitempty" json:"hotfix,omitempty"`
	// Retire says that the app leaves the environment, and does not come back until it is resumed.
	Retire *Retire `yaml:"retire,omitempty" json:"retire,omitempty"`
	// ID names the hold to people; no file has it.
	ID string `yaml:"-" json:"id,omitempty"`
	// Tree says that it lies in the tree of the default branch, where only a commit ends it.
	Tree bool `yaml:"-" json:"tree,omitempty"`
	// Except lists releases that a person asked for by name: the hold does not stop them.
	Except []release.Sequence `yaml:"except,omitempty" json:"except,omitempty"`
}

// Rollback is a way back: from what runs to what ran.
type Rollback struct {
	From Named `yaml:"from" json:"from"`
	To   Named `yaml:"to" json:"to"`
}

// Hotfix is a release that did not come from upstream.
type Hotfix struct {
	Release release.Release `yaml:"release" json:"release"`
	Base    Named           `yaml:"base" json:"base"` // what ran when it was made
}

// Retire is a way out.
type Retire struct {
	Last *Named `yaml:"last,omitempty" json:"last,omitempty"` // what ran when it was decided; nil where nothing did
	// PullRequest is the last one that a person closed instead of merging it. While ClosedBy names that person, there is
	// no other; asking again takes the name away.
	PullRequest int    `yaml:"pullRequest,omitempty" json:"pullRequest,omitempty"`
	ClosedBy    string `yaml:"closedBy,omitempty" json:"closedBy,omitempty"`
}

func (h Hold) valid() error {
	if err := format(h.Version); err != nil {
		return err
	}
	if h.Reason == "" {
		return errors.New("it gives no reason")
	}
	kinds := 0
	for _, is := range []bool{h.Rollback != nil, h.Hotfix != nil, h.Retire != nil} {
		if is {
			kinds++
		}
	}
	if kinds > 1 {
		return errors.New("it is more than one of a rollback, a hotfix and a retirement")
	}
	if h.Hotfix != nil {
		if err := h.Hotfix.Release.Validate(); err != nil {
			return err
		}
		if h.Hotfix.Release.App != h.App {
			return fmt.Errorf("the hotfix is of %s, the hold of %s", h.Hotfix.Release.App, h.App)
		}
	}
	return scope(h.App, h.Environment, kinds == 0)
}

func format(version int) error {
	if version != 1 {
		return fmt.Errorf("its version is %d; this ferry reads version 1", version)
	}
	return nil
}

// Name is the hold's ID: everything is _.
func (h Hold) Name() string {
	return strings.TrimSuffix(strings.TrimPrefix(h.Path(), holdsFolder+"/"), ".yaml")
}

// Path is where the hold lies on the branch: one of each kind for each scope.
func (h Hold) Path() string {
	kind := ""
	switch {
	case h.Rollback != nil:
		kind = ".rollback"
	case h.Hotfix != nil:
		kind = ".hotfix"
	case h.Retire != nil:
		kind = ".retire"
	}
	return path.Join(holdsFolder, orAll(h.Environment), orAll(h.App)+kind+".yaml")
}

// File is the hold as it lies on the branch.
func (h Hold) File() File {
	h.Version, h.Since, h.Until = 1, second(h.Since), second(h.Until)
	return File{Path: h.Path(), Data: marshal(h)}
}

// Resumed removes every hold of just this scope.
func Resumed(app, environment string) []File {
	var files []File
	for _, h := range []Hold{{}, {Rollback: &Rollback{}}, {Hotfix: &Hotfix{}}, {Retire: &Retire{}}} {
		h.App, h.Environment = app, environment
		files = append(files, File{Path: h.Path()})
	}
	return files
}

// Over tells whether the hold's own end has come.
func (h Hold) Over(now time.Time) bool { return !h.Until.IsZero() && !now.Before(h.Until) }

// Covers tells whether the hold is about an app in an environment.
func (h Hold) Covers(app, environment string) bool {
	return (h.App == "" || h.App == app) && (h.Environment == "" || h.Environment == environment)
}

package ledger

import (
	"errors"
	"path"
	"time"
)

// Override is a person's decision that a release may pass gates. It is for one release at one configuration.
type Override struct {
	Version     int       `yaml:"version" json:"-"`
	App         string    `yaml:"app" json:"app"`
	Environment string    `yaml:"environment" json:"environment"`
	Release     Named     `yaml:"release" json:"release"`
	Gates       []string  `yaml:"gates" json:"gates"`
	By          string    `yaml:"by" json:"by"`
	Reason      string    `yaml:"reason" json:"reason"`
	Ticket      string    `yaml:"ticket,omitempty" json:"ticket,omitempty"`
	Time        time.Time `yaml:"time" json:"time"`
	Review      time.Time `yaml:"review,omitempty" json:"review,omitzero"` // until when somebody else has to confirm it
	Reviewed    string    `yaml:"reviewed,omitempty" json:"reviewed,omitempty"`
}

func (o Override) valid() error {
	if err := format(o.Version); err != nil {
		return err
	}
	if o.By == "" || o.Reason == "" || len(o.Gates) == 0 {
		return errors.New("an override says who, why and which gates")
	}
	return scope(o.App, o.Environment, false)
}

// Path is where the override lies: the newest one for each app in an environment.
func (o Override) Path() string { return path.Join(overridesFolder, o.Environment, o.App+".yaml") }

// File is the override as it lies on the branch.
func (o Override) File() File {
	o.Version, o.Time, o.Review = 1, second(o.Time), second(o.Review)
	return File{Path: o.Path(), Data: marshal(o)}
}

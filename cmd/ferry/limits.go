package main

import (
	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/render"
)

// limitsFlag is how far a render may go on this machine, whatever a repository says.
type limitsFlag struct {
	render.Limits
	text string
}

// Set reads memory=512MB,time=1m.
func (l *limitsFlag) Set(text string) error {
	limits, err := environments.ParseLimits(text)
	if err != nil {
		return err
	}
	l.Limits, l.text = render.Limits(limits), text
	return nil
}

// String is for the help text.
func (l *limitsFlag) String() string { return l.text }

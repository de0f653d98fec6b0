package source

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ferry-cd/ferry/release"
)

// TestIntake plans with releases that are not accepted yet, and accepts them afterwards.
func TestIntake(t *testing.T) {
	s := newShop(t)
	s.accept(s.release("web", 7), s.release("pay", 7))
	before := s.git("for-each-ref")
	next := s.release("web", 8)
	next.Sequence.Kind, next.Source.Time = release.GitLab, next.Source.Time.Add(1e9)
	in, err := s.store().Intake(t.Context(), s.checkout.Repository(), []release.Release{next, s.release("pay", 7)})
	if err != nil {
		t.Fatal(err)
	}
	if len(in.Notices()) != 1 || !strings.Contains(in.Notices()[0], "counted by gitlab from now on") {
		t.Errorf("notices are %q", in.Notices())
	}
	if d := cmp.Diff([]string{"web", "pay"}, in.Apps()); d != "" {
		t.Error(d)
	}
	all, err := in.Accepted(t.Context(), "web", "pay")
	if err != nil || all["web"].Version != "1.8" || all["pay"].Version != "1.7" {
		t.Errorf("got %v, %v", all, err)
	}
	files, err := in.Files(t.Context(), "web", next.Templates)
	if err != nil || string(files["Chart.yaml"]) != "name: web\n" {
		t.Errorf("got %v, %v", files, err)
	}
	if after := s.git("for-each-ref"); after != before {
		t.Errorf("planning wrote: %s", after)
	}
	if err := in.Accept(t.Context()); err != nil || s.newest("web").Version != "1.8" {
		t.Errorf("got %v, newest is %s", err, s.newest("web").Version)
	}
}

func TestIntakeRefusesWhatAcceptWould(t *testing.T) {
	s := newShop(t)
	s.accept(s.release("web", 7))
	var older *OlderError
	if _, err := s.store().Intake(t.Context(), s.checkout.Repository(), []release.Release{s.release("web", 6)}); !errors.As(err, &older) {
		t.Errorf("got %v", err)
	}
	in, err := s.store().Intake(t.Context(), s.checkout.Repository(), []release.Release{s.release("web", 8)})
	if err != nil {
		t.Fatal(err)
	}
	s.accept(s.release("web", 9)) // another run was faster
	if err := in.Accept(t.Context()); !errors.As(err, &older) || s.newest("web").Version != "1.9" {
		t.Errorf("got %v, newest is %s", err, s.newest("web").Version)
	}
}

package scm_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/ferry-cd/ferry/scm"
)

func TestSaid(t *testing.T) {
	want := scm.Status{Context: "ferry/dev/web", State: scm.Success, Text: "fine"}
	by := func(creators ...string) (all []scm.Status) {
		for _, name := range creators {
			s := want
			s.Creator = name
			all = append(all, s, scm.Status{Context: "ferry/dev/web/eu", State: scm.Failure, Creator: "bot"})
		}
		return all
	}
	other := scm.Status{Context: want.Context, State: scm.Failure, Creator: "bot"}
	for name, c := range map[string]struct {
		history []scm.Status
		self    string
		said    bool
	}{
		"nothing":                             {nil, "bot", false},
		"ours":                                {by("bot"), "bot", true},
		"ours, in other letters":              {by("Bot"), "bot", true},
		"a stranger's":                        {by("mallory"), "bot", false},
		"ours below a stranger's":             {by("mallory", "bot"), "bot", false},
		"ours above a stranger's":             {by("bot", "mallory"), "bot", true},
		"something else came between":         {append([]scm.Status{other}, by("bot")...), "bot", false},
		"by turns":                            {by("mallory", "bot", "mallory", "bot"), "bot", false},
		"by turns, often enough":              {by("mallory", "bot", "mallory", "bot", "mallory", "bot"), "bot", true},
		"often, but before something else":    {slices.Concat(by("mallory", "bot"), []scm.Status{other}, by("bot", "bot")), "bot", false},
		"a stranger's, however often":         {by("mallory", "mallory", "mallory", "mallory"), "bot", false},
		"nobody knows who we are":             {by("mallory"), "", false},
		"nobody knows who we are, for ever":   {by("bot", "bot", "mallory"), "", true},
		"the forge forgot who":                {by(""), "bot", false},
		"the forge forgot who, several times": {by("", "bot", ""), "bot", true},
	} {
		got, err := scm.Said(slices.Values(c.history), want, func() (string, error) { return c.self, nil })
		if err != nil || got != c.said {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestSaidAsksWhoWeAreOnlyWhereItMatters(t *testing.T) {
	want := scm.Status{Context: "a", State: scm.Success}
	unable := func() (string, error) { return "", errors.New("no answer") }
	if said, err := scm.Said(slices.Values([]scm.Status{{Context: "a", State: scm.Failure}}), want, unable); said || err != nil {
		t.Errorf("%v, %v", said, err)
	}
	if said, err := scm.Said(slices.Values([]scm.Status{want}), want, unable); said || err == nil {
		t.Errorf("%v, %v", said, err)
	}
	forbidden := func() (string, error) { return "", scm.ErrForbidden }
	if said, err := scm.Said(slices.Values([]scm.Status{want}), want, forbidden); said || err != nil {
		t.Errorf("%v, %v", said, err)
	}
}

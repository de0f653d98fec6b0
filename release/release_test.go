package release

import (
	"errors"
	"testing"
	"time"
)

func TestParseSequence(t *testing.T) {
	for text, want := range map[string]Sequence{
		"1":                   {Manual, 1},
		"github-123":          {GitHub, 123},
		"time-1767323045":     {Time, 1767323045},
		"manual-9":            {Manual, 9},
		"":                    {},
		"0":                   {},
		"-1":                  {},
		"+1":                  {},
		"01":                  {},
		"1.5":                 {},
		"jenkins-1":           {},
		"github-":             {},
		"github-1-2":          {},
		"9999999999999999999": {},
	} {
		got, err := ParseSequence(text)
		if got != want || (err == nil) != (want != Sequence{}) {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
		if again, _ := ParseSequence(got.String()); err == nil && again != got {
			t.Errorf("%q reads as %v, written and read again as %v", text, got, again)
		}
	}
}

func TestCompare(t *testing.T) {
	at := func(kind Kind, n int64, minute int) Release {
		r := Release{App: "web", Sequence: Sequence{kind, n}}
		if minute >= 0 {
			r.Source.Time = time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC)
		}
		return r
	}
	for _, c := range []struct {
		a, b Release
		want int
		err  error
	}{
		{at(GitHub, 9, 5), at(GitHub, 10, 1), -1, nil}, // the number decides, not the time
		{at(GitHub, 10, 1), at(GitHub, 10, 5), 0, nil},
		{at(GitHub, 11, -1), at(GitHub, 10, -1), 1, nil},
		{at(GitHub, 99, 1), at(GitLab, 1, 2), -1, nil},
		{at(GitHub, 1, 2), at(GitLab, 99, 1), 1, nil},
		{at(GitHub, 1, 2), at(GitLab, 2, 2), 0, ErrUnordered},
		{at(GitHub, 1, -1), at(GitLab, 2, 2), 0, ErrUnordered},
	} {
		got, err := Compare(c.a, c.b)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s and %s: got %d, %v", c.a.Sequence, c.b.Sequence, got, err)
		}
	}
}

func TestSameContent(t *testing.T) {
	same := podinfo()
	same.Images[0], same.Images[1] = same.Images[1], same.Images[0]
	same.Images[0].Carried = "1.8"
	same.Source.Ref = "refs/heads/release"
	if !SameContent(podinfo(), same) {
		t.Error("the order of images, where they were carried from and the branch do not count")
	}
	for name, change := range map[string]func(*Release){
		"version":    func(r *Release) { r.Version = "1.1" },
		"sequence":   func(r *Release) { r.Sequence.Number++ },
		"commit":     func(r *Release) { r.Source.Commit = "" },
		"repository": func(r *Release) { r.Source.Repository = "" },
		"templates":  func(r *Release) { r.Templates = "" },
		"tag":        func(r *Release) { r.Images[0].Tag = "1.1" },
		"digest":     func(r *Release) { r.Images[0].Digest = "" },
		"place":      func(r *Release) { r.Images[1].Repository = "" },
		"images":     func(r *Release) { r.Images = r.Images[:1] },
	} {
		other := podinfo()
		change(&other)
		if SameContent(podinfo(), other) {
			t.Errorf("another %s is other content", name)
		}
	}
}

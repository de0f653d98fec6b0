package release

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// podinfo is a complete release with strings that many readers take for something else.
func podinfo() Release {
	return Release{
		App:      "podinfo",
		Version:  "1.10",
		Sequence: Sequence{Kind: GitHub, Number: 9_007_199_254_740_993},
		Source: Source{
			Repository: "https://github.com/acme/podinfo",
			Commit:     "1234567890123456789012345678901234567890",
			Ref:        "refs/heads/main",
			Time:       time.Date(2026, 11, 5, 10, 0, 0, 0, time.UTC),
		},
		Templates: "12e4567890123456789012345678901234567890",
		Root:      "deploy/chart",
		Images: []Image{
			{Name: "ghcr.io/acme/sidecar", Tag: "0x10", Digest: digestB, Carried: "1.9"},
			{Name: "web", Repository: "ghcr.io/acme/web", Tag: "1.10", Digest: digestA},
		},
	}
}

func TestValidate(t *testing.T) {
	if err := podinfo().Validate(); err != nil {
		t.Fatal(err)
	}
	id := strings.Repeat("a", 40)
	for want, change := range map[string]func(*Release){
		`app name "Web" is not valid`:        func(r *Release) { r.App = "Web" },
		`app name "a--" is not valid`:        func(r *Release) { r.App = "a--" },
		"the version is missing":             func(r *Release) { r.Version = "" },
		"longer than 128 characters":         func(r *Release) { r.Version = strings.Repeat("é", 129) },
		`version "1\n2" has invisible`:       func(r *Release) { r.Version = "1\n2" },
		`version "1\u202e2" has invisible`:   func(r *Release) { r.Version = "1\u202e2" },
		`version " 1" has`:                   func(r *Release) { r.Version = " 1" },
		`sequence kind "" does not exist`:    func(r *Release) { r.Sequence.Kind = "" },
		"the sequence number is 0":           func(r *Release) { r.Sequence.Number = 0 },
		"source commit \"abc\" is not":       func(r *Release) { r.Source.Commit = "abc" },
		"templates \"AAAA":                   func(r *Release) { r.Templates = strings.ToUpper(id) },
		"root \"../x\" is not a safe":        func(r *Release) { r.Root = "../x" },
		"root \"/x\" is not a safe":          func(r *Release) { r.Root = "/x" },
		"root \"x/../../y\" is not a safe":   func(r *Release) { r.Root = "x/../../y" },
		`root "x\\y" is not a safe`:          func(r *Release) { r.Root = `x\y` },
		"repository carries credentials":     func(r *Release) { r.Source.Repository = "https://ada:hunter2@example.com/x" },
		`source ref "a\tb" has invisible`:    func(r *Release) { r.Source.Ref = "a\tb" },
		"is not a time of a commit":          func(r *Release) { r.Source.Time = r.Source.Time.Add(time.Millisecond) },
		`image "docker.io/library/web" is n`: func(r *Release) { r.Images = append(r.Images, Image{Name: "docker.io/library/web"}) },
		`image name "a b" is not valid`:      func(r *Release) { r.Images[0].Name = "a b" },
		`image digest "sha256:x" is not`:     func(r *Release) { r.Images[0].Digest = "sha256:x" },
		`image tag "a b" is not`:             func(r *Release) { r.Images[0].Tag = "a b" },
		"at most 1000 images":                func(r *Release) { r.Images = make([]Image, 1001) },
	} {
		r := podinfo()
		change(&r)
		err := r.Validate()
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestValidateAcceptsBothKindsOfIDs(t *testing.T) {
	r := podinfo()
	r.Source = Source{Repository: "git@example.com:acme/podinfo.git", Commit: strings.Repeat("0", 64)}
	r.Templates, r.Root = "", ""
	if err := r.Validate(); err != nil {
		t.Error(err)
	}
}

func TestValidateReportsAllAtOnce(t *testing.T) {
	err := Release{App: "Web", Images: []Image{{Name: "A"}, {Name: "b", Digest: "x"}}}.Validate()
	var ps Problems
	if !errors.As(err, &ps) || len(ps) != 6 {
		t.Fatalf("got %d problems: %v", len(ps), err)
	}
	if ps.Hint() == "" || ps.ExitCode() != 2 {
		t.Errorf("hint %q, exit code %d", ps.Hint(), ps.ExitCode())
	}
}

package scmtest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/scm"
)

var resetting = []promise{
	{"approvals that were reset count no more", approvalsReset},
}

// approvers are those of a pull request as it is now.
func (s *stage) approvers(t *testing.T, number int) []string {
	t.Helper()
	return scm.Approvers(s.pull(t, number, isOpen), s.reviews(t, number))
}

func approvalsReset(t *testing.T, s *stage) {
	resetter, ok := s.Bot.(scm.Resetter)
	if !ok {
		t.Skipf("%T resets no approvals", s.Bot)
	}
	person := s.reviewer(t, s.Person)
	pr := s.opened(t, "ferry/dev/web")
	s.unwritten(t, func() {
		if err := resetter.ResetApprovals(s.ctx, pr.Number, "nothing to reset"); err != nil {
			t.Error(err)
		}
	})
	s.review(t, person, pr, scm.Approved)
	if got := s.approvers(t, pr.Number); len(got) != 1 {
		t.Fatalf("approvers %v", got)
	}
	if err := resetter.ResetApprovals(s.ctx, pr.Number, "the head moved"); err != nil {
		t.Fatal(err)
	}
	if got := s.approvers(t, pr.Number); len(got) != 0 {
		t.Errorf("approvers %v after the reset", got)
	}
	s.review(t, person, pr, scm.Approved)
	if got := s.approvers(t, pr.Number); len(got) != 1 {
		t.Errorf("approvers %v after a new approval", got)
	}
}

var bulk = []promise{
	{"statuses of many commits are those of each", bulkStatuses},
}

func bulkStatuses(t *testing.T, s *stage) {
	reader, ok := s.Bot.(scm.BulkReader)
	if !ok {
		t.Skipf("%T reads commit by commit", s.Bot)
	}
	shas := []string{s.main}
	from := "main"
	for i := range s.Page {
		shas = append(shas, s.git.commit(t, "ferry/dev/web", from, files{"n.yaml": fmt.Sprintf("n: %d\n", i)}))
		from = "ferry/dev/web"
	}
	for i, sha := range shas {
		s.post(t, s.Bot, sha, scm.Status{Context: "ferry/dev/web", State: scm.Pending}, true)
		s.post(t, s.Bot, sha, scm.Status{Context: "ferry/dev/web", State: scm.Success, Text: fmt.Sprint(i)}, true)
	}
	s.post(t, s.Person, s.main, scm.Status{Context: "ci", State: scm.Failure, Text: "theirs"}, true)
	unknown := strings.Repeat("a", 40)
	got, err := reader.StatusesOf(s.ctx, append(shas, unknown), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, sha := range shas {
		want := s.statuses(t, sha)
		newest := map[string]scm.Status{}
		for _, st := range want {
			if _, seen := newest[st.Context+"\n"+st.Creator]; !seen {
				newest[st.Context+"\n"+st.Creator] = st
			}
		}
		for _, st := range got[sha] {
			if is, ok := newest[st.Context+"\n"+st.Creator]; ok && is == st {
				delete(newest, st.Context+"\n"+st.Creator)
			}
		}
		if len(newest) != 0 {
			t.Errorf("%s: got %+v, lacks %+v", sha, got[sha], newest)
		}
	}
	if len(got[unknown]) != 0 {
		t.Errorf("of a commit that is not there: %+v", got[unknown])
	}
}

var deploying = []promise{
	{"a deployment says its state once", deployed},
}

func deployed(t *testing.T, s *stage) {
	deployer, ok := s.Bot.(scm.Deployer)
	if !ok {
		t.Skipf("%T shows no deployments", s.Bot)
	}
	d := scm.Deployment{SHA: s.main, Environment: "prod/web", State: scm.Pending, Text: "2 of 3 units", Production: true}
	for _, state := range []scm.StatusState{scm.Pending, scm.Success, scm.Failure, scm.Superseded} {
		d.State = state
		if wrote, err := deployer.EnsureDeployment(s.ctx, d); err != nil || !wrote {
			t.Errorf("%s: wrote %v, %v", state, wrote, err)
		}
		s.unwritten(t, func() {
			if wrote, err := deployer.EnsureDeployment(s.ctx, d); err != nil || wrote {
				t.Errorf("%s again: wrote %v, %v", state, wrote, err)
			}
		})
	}
	d.SHA = strings.Repeat("a", 40)
	if _, err := deployer.EnsureDeployment(s.ctx, d); !errors.Is(err, scm.ErrNotFound) {
		t.Errorf("a commit that is not there: %v, want ErrNotFound", err)
	}
}

var signing = []promise{
	{"a commit made by the forge is signed, and moves no branch", signedCommit},
}

func signedCommit(t *testing.T, s *stage) {
	signer, ok := s.Bot.(scm.Signer)
	if !ok || s.Signed == nil {
		t.Skipf("%T signs nothing here", s.Bot)
	}
	c := scm.Commit{Parent: s.main, Message: "Promote web\n\nFerry-App: web\n", Files: []scm.File{
		{Path: "dev/web/web.yaml", Data: []byte("image: web:2\n")},
		{Path: "dev/web/run.sh", Data: []byte("#!/bin/sh\n"), Executable: true},
		{Path: "dev/web/binary", Data: []byte{0, 0xff, 'a'}},
		{Path: "dev/web/empty", Data: []byte{}},
		{Path: "prod/web/web.yaml"},
	}}
	sha, err := signer.SignedCommit(s.ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	if !s.Signed(t, sha) {
		t.Errorf("%s is not signed", sha)
	}
	if tip := s.git.tip(t, "main"); tip != s.main {
		t.Errorf("main moved to %s", tip)
	}
	s.git.git(t, "fetch", "-q", "origin", sha)
	s.git.git(t, "checkout", "-q", "--detach", sha)
	want := "100644 dev/web/binary\n100644 dev/web/empty\n100755 dev/web/run.sh\n100644 dev/web/web.yaml\n100644 readme.md"
	if got := s.git.git(t, "ls-tree", "-r", "--format=%(objectmode) %(path)", "HEAD"); got != want {
		t.Errorf("files:\n%s\nwant:\n%s", got, want)
	}
	if got := s.git.git(t, "show", "HEAD:dev/web/web.yaml"); got != "image: web:2" {
		t.Errorf("web.yaml: %q", got)
	}
	if got := s.git.git(t, "log", "-1", "--format=%P%n%B"); got != s.main+"\nPromote web\n\nFerry-App: web" {
		t.Errorf("commit: %q", got)
	}
	c.Parent = strings.Repeat("a", 40)
	if _, err := signer.SignedCommit(s.ctx, c); !errors.Is(err, scm.ErrNotFound) {
		t.Errorf("on a parent that is not there: %v, want ErrNotFound", err)
	}
}

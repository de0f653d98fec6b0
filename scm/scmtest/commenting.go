package scmtest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/scm"
)

var commenting = []promise{
	{"a comment is made once and edited after", commentOnce},
	{"markers are told apart, and are lines of their own", commentMarkers},
	{"a comment of somebody else is never touched", commentTheirs},
	{"the comment is found behind pages of others", commentPages},
	{"a comment on what is not there is refused", commentNowhere},
	{"the same comment asked for at once is one", commentAtOnce},
}

const marker = "<!-- ferry:plan -->"

func (s *stage) commenter(t *testing.T, c scm.Client) scm.Commenter {
	t.Helper()
	commenter, ok := c.(scm.Commenter)
	if !ok {
		t.Skipf("%T has no conversations", c)
	}
	return commenter
}

// comment ensures one and expects an outcome.
func (s *stage) comment(t *testing.T, c scm.Client, number int, marker, text string, want scm.Outcome) {
	t.Helper()
	got, err := s.commenter(t, c).EnsureComment(s.ctx, number, marker, marker+"\n"+text)
	if err != nil || got != want {
		t.Errorf("comment %q: outcome %q, %v; want %s", text, got, err, want)
	}
}

// commented counts the comments that contain a text.
func (s *stage) commented(t *testing.T, number int, text string, want int) {
	t.Helper()
	if s.Comments == nil {
		return
	}
	n := 0
	all := s.Comments(t, number)
	for _, c := range all {
		if strings.Contains(c, text) {
			n++
		}
	}
	if n != want {
		t.Errorf("%d comments contain %q, want %d: %q", n, text, want, all)
	}
}

func commentOnce(t *testing.T, s *stage) {
	s.commenter(t, s.Bot)
	pr := s.opened(t, "ferry/dev/web")
	s.comment(t, s.Bot, pr.Number, marker, "one", scm.Created)
	s.unwritten(t, func() {
		s.comment(t, s.Bot, pr.Number, marker, "one", scm.Unchanged)
		s.comment(t, s.Twin(t), pr.Number, marker, "one", scm.Unchanged)
	})
	s.comment(t, s.Bot, pr.Number, marker, "two", scm.Updated)
	s.commented(t, pr.Number, marker, 1)
	s.commented(t, pr.Number, "two", 1)
}

func commentMarkers(t *testing.T, s *stage) {
	s.commenter(t, s.Bot)
	pr := s.opened(t, "ferry/dev/web")
	s.comment(t, s.Bot, pr.Number, "<!-- ferry:plan:a -->", "speaks of "+marker+" in passing", scm.Created)
	s.comment(t, s.Bot, pr.Number, marker, "its own", scm.Created)
	s.comment(t, s.Bot, pr.Number, "<!-- ferry:plan:ab -->", "another", scm.Created)
	s.comment(t, s.Bot, pr.Number, "<!-- ferry:plan:a -->", "edited", scm.Updated)
	s.commented(t, pr.Number, "<!-- ferry:", 3)
	s.commented(t, pr.Number, "its own", 1)
}

func commentTheirs(t *testing.T, s *stage) {
	s.commenter(t, s.Bot)
	pr := s.opened(t, "ferry/dev/web")
	s.comment(t, s.Person, pr.Number, marker, "theirs", scm.Created)
	s.comment(t, s.Bot, pr.Number, marker, "ours", scm.Created)
	s.comment(t, s.Bot, pr.Number, marker, "ours again", scm.Updated)
	s.comment(t, s.Person, pr.Number, marker, "theirs", scm.Unchanged)
	s.commented(t, pr.Number, marker, 2)
	s.commented(t, pr.Number, "theirs", 1)
}

func commentPages(t *testing.T, s *stage) {
	s.commenter(t, s.Bot)
	pr := s.opened(t, "ferry/dev/web")
	for i := range s.Page {
		s.comment(t, s.Person, pr.Number, fmt.Sprintf("<!-- talk %d -->", i), "talk", scm.Created)
	}
	s.comment(t, s.Bot, pr.Number, marker, "late", scm.Created)
	s.comment(t, s.Bot, pr.Number, marker, "late", scm.Unchanged)
	s.commented(t, pr.Number, marker, 1)
}

func commentNowhere(t *testing.T, s *stage) {
	bot := s.commenter(t, s.Bot)
	n := s.opened(t, "ferry/dev/web").Number
	for _, n := range []int{n + 1, 0, -1} {
		if _, err := bot.EnsureComment(s.ctx, n, marker, marker+"\nx"); !errors.Is(err, scm.ErrNotFound) {
			t.Errorf("comment on %d: %v, want ErrNotFound", n, err)
		}
	}
	if _, err := bot.EnsureComment(s.ctx, n, marker, "without it"); !errors.Is(err, scm.ErrInvalid) {
		t.Errorf("a text without its marker: %v, want ErrInvalid", err)
	}
}

func commentAtOnce(t *testing.T, s *stage) {
	s.commenter(t, s.Bot)
	pr := s.opened(t, "ferry/dev/web")
	twins := s.twins(t, 4)
	atOnce(len(twins), func(i int) {
		if _, err := twins[i].(scm.Commenter).EnsureComment(s.ctx, pr.Number, marker, marker+"\nx"); err != nil {
			t.Error(err)
		}
	})
	s.commented(t, pr.Number, marker, 1)
}

package scmtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/scm"
)

var reporting = []promise{
	{"a commit starts without statuses", noStatuses},
	{"statuses are a history, newest first", statusHistory},
	{"the same status again writes nothing", statusSame},
	{"the same words of somebody else do not stand for ours", statusEchoed},
	{"two who say the same by turns come to an end", statusByTurns},
	{"any difference in a status is a new one", statusDifferent},
	{"a status says who posted it", statusCreator},
	{"contexts and commits with a common prefix are told apart", statusPrefixes},
	{"a status on a commit that is not there is refused", statusUnknown},
	{"a status without sense is refused", statusInvalid},
	{"a long history is read whole", statusPages},
	{"statuses posted at once are all kept", statusAtOnce},
	{"the same status posted at once says nothing else", statusSameAtOnce},
}

func (s *stage) statuses(t *testing.T, sha string) []scm.Status {
	t.Helper()
	all, err := s.Bot.Statuses(s.ctx, sha)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// post sets a status and expects it to be written, or not.
func (s *stage) post(t *testing.T, c scm.Client, sha string, st scm.Status, wrote bool) {
	t.Helper()
	got, err := c.SetStatus(s.ctx, sha, st)
	if err != nil || got != wrote {
		t.Errorf("%+v: wrote %v, %v; want %v", st, got, err, wrote)
	}
}

// said is what was said, without what the forge adds.
func said(all []scm.Status) []string {
	var out []string
	for _, st := range all {
		out = append(out, fmt.Sprintf("%s %s %q %s", st.Context, st.State, st.Text, st.URL))
	}
	return out
}

func noStatuses(t *testing.T, s *stage) {
	for _, sha := range []string{s.main, strings.Repeat("a", 40)} {
		if all := s.statuses(t, sha); len(all) != 0 {
			t.Errorf("%s: %+v", sha, all)
		}
	}
}

func statusHistory(t *testing.T, s *stage) {
	s.able(t, StatusHistory)
	posted := []scm.Status{
		{Context: "ferry/dev/web", State: scm.Pending, Text: "0 of 3 units"},
		{Context: "ferry/dev/api", State: scm.Failure, Text: "Deployment api: ImagePullBackOff é漢字", URL: "https://example.com/a?b=c&d=%20"},
		{Context: "ferry/dev/web", State: scm.Success, Text: "3 of 3 units"},
		{Context: "ferry/dev/web", State: scm.Failure},
		{Context: "ferry/dev/web", State: scm.Success, Text: "3 of 3 units"},
		{Context: "ferry/dev/web", State: scm.Superseded, Text: "by 1.2.0"},
	}
	if s.cannot(PendingText) {
		posted = posted[1:]
	}
	for _, st := range posted {
		s.post(t, s.Bot, s.main, st, true)
	}
	slices.Reverse(posted)
	got := s.statuses(t, s.main)
	if !slices.Equal(said(got), said(posted)) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(said(got), "\n"), strings.Join(said(posted), "\n"))
	}
	for i, st := range got {
		if st.Time.IsZero() || i > 0 && st.Time.After(got[i-1].Time) {
			t.Errorf("times run backwards at %d: %+v", i, st)
		}
	}
}

func statusSame(t *testing.T, s *stage) {
	st := scm.Status{Context: "ferry/dev/web", State: scm.Success, Text: "fine", URL: "https://example.com/1"}
	s.post(t, s.Bot, s.main, st, true)
	s.unwritten(t, func() {
		s.post(t, s.Bot, s.main, st, false)
		s.post(t, s.Twin(t), s.main, st, false)
		st.Creator, st.Time = "nobody", time.Unix(1, 0)
		s.post(t, s.Bot, s.main, st, false)
	})
	if all := s.statuses(t, s.main); len(all) != 1 {
		t.Errorf("%+v", all)
	}
}

// statusEchoed has a person say first what the bot is about to say: who believes the bot alone must still hear it.
func statusEchoed(t *testing.T, s *stage) {
	s.able(t, StatusCreators)
	st := scm.Status{Context: "ferry/dev/web", State: scm.Success, Text: "fine", URL: "https://example.com/1"}
	s.post(t, s.Person, s.main, st, true)
	s.post(t, s.Bot, s.main, st, true)
	s.unwritten(t, func() { s.post(t, s.Bot, s.main, st, false) })
	all := s.statuses(t, s.main)
	if len(all) != 2 || all[0].Creator != s.self(t, s.Bot) || all[1].Creator != s.self(t, s.Person) {
		t.Errorf("%+v", all)
	}
}

func statusByTurns(t *testing.T, s *stage) {
	st := scm.Status{Context: "ferry/dev/web", State: scm.Success, Text: "fine"}
	for range 6 {
		for _, c := range []scm.Client{s.Bot, s.Person} {
			if _, err := c.SetStatus(s.ctx, s.main, st); err != nil {
				t.Fatal(err)
			}
		}
	}
	if all := s.statuses(t, s.main); len(all) > 6 {
		t.Errorf("%d statuses that say the same: %+v", len(all), all)
	}
	s.unwritten(t, func() {
		s.post(t, s.Bot, s.main, st, false)
		s.post(t, s.Person, s.main, st, false)
	})
}

// mutable is a state in which the words of a status can change.
func (s *stage) mutable() scm.StatusState {
	if s.cannot(PendingText) {
		return scm.Failure
	}
	return scm.Pending
}

func statusDifferent(t *testing.T, s *stage) {
	st := scm.Status{Context: "ferry/dev/web", State: s.mutable(), Text: "a"}
	s.post(t, s.Bot, s.main, st, true)
	for _, change := range []func(){
		func() { st.Text = "b" },
		func() { st.URL = "https://example.com/1" },
		func() { st.URL = "https://example.com/2" },
		func() { st.State = scm.Success },
		func() { st.Text = "" },
		func() { st.Context = "ferry/dev/web/eu-1" },
	} {
		change()
		s.post(t, s.Bot, s.main, st, true)
		s.post(t, s.Bot, s.main, st, false)
	}
}

func statusCreator(t *testing.T, s *stage) {
	s.able(t, StatusCreators)
	s.post(t, s.Bot, s.main, scm.Status{Context: "a", State: scm.Success, Creator: "mallory"}, true)
	s.post(t, s.Person, s.main, scm.Status{Context: "b", State: scm.Success}, true)
	got := s.statuses(t, s.main)
	if len(got) != 2 || got[0].Creator != s.self(t, s.Person) || got[1].Creator != s.self(t, s.Bot) {
		t.Errorf("%+v", got)
	}
}

func statusPrefixes(t *testing.T, s *stage) {
	other := s.branch(t, "ferry/dev/web")
	s.post(t, s.Bot, s.main, scm.Status{Context: "ferry/prod/a", State: scm.Success}, true)
	s.post(t, s.Bot, s.main, scm.Status{Context: "ferry/prod/ab", State: scm.Success}, true)
	s.post(t, s.Bot, s.main, scm.Status{Context: "ferry/prod", State: scm.Success}, true)
	s.post(t, s.Bot, other, scm.Status{Context: "ferry/prod/a", State: scm.Success}, true)
	if all := s.statuses(t, s.main); len(all) != 3 {
		t.Errorf("%+v", all)
	}
	if all := s.statuses(t, other); len(all) != 1 {
		t.Errorf("%+v", all)
	}
}

func statusUnknown(t *testing.T, s *stage) {
	for _, sha := range []string{strings.Repeat("0", 39) + "1", "main", "", s.main[:12], "../" + s.main} {
		if wrote, err := s.Bot.SetStatus(s.ctx, sha, scm.Status{Context: "a", State: scm.Success}); !errors.Is(err, scm.ErrNotFound) || wrote {
			t.Errorf("%q: wrote %v, %v; want ErrNotFound", sha, wrote, err)
		}
	}
}

func statusInvalid(t *testing.T, s *stage) {
	for name, st := range map[string]scm.Status{
		"no context": {State: scm.Success},
		"no state":   {Context: "a"},
		"state":      {Context: "a", State: "wonderful"},
		"URL":        {Context: "a", State: scm.Success, URL: "javascript:alert(1)"},
	} {
		if wrote, err := s.Bot.SetStatus(s.ctx, s.main, st); !errors.Is(err, scm.ErrInvalid) || wrote {
			t.Errorf("%s: wrote %v, %v; want ErrInvalid", name, wrote, err)
		}
	}
	if all := s.statuses(t, s.main); len(all) != 0 {
		t.Errorf("%+v", all)
	}
}

func statusPages(t *testing.T, s *stage) {
	s.able(t, StatusHistory)
	for i := range s.Page + 1 {
		s.post(t, s.Bot, s.main, scm.Status{Context: "ferry/dev/web", State: s.mutable(), Text: fmt.Sprint(i)}, true)
	}
	all := s.statuses(t, s.main)
	if len(all) != s.Page+1 || all[0].Text != fmt.Sprint(s.Page) || all[s.Page].Text != "0" {
		t.Errorf("%d of %d: %v", len(all), s.Page+1, said(all))
	}
}

func statusAtOnce(t *testing.T, s *stage) {
	twins := s.twins(t, 8)
	atOnce(len(twins), func(i int) {
		s.post(t, twins[i], s.main, scm.Status{Context: fmt.Sprintf("ferry/dev/app-%d", i), State: scm.Success}, true)
	})
	if all := s.statuses(t, s.main); len(all) != len(twins) {
		t.Errorf("%d of %d: %v", len(all), len(twins), said(all))
	}
}

func statusSameAtOnce(t *testing.T, s *stage) {
	twins := s.twins(t, 6)
	var wrote tally
	atOnce(len(twins), func(i int) {
		did, err := twins[i].SetStatus(s.ctx, s.main, scm.Status{Context: "ferry/dev/web", State: scm.Success})
		if err != nil {
			t.Error(err)
		}
		wrote.add(fmt.Sprint(did), i)
	})
	all := said(s.statuses(t, s.main))
	kept := len(wrote.of["true"])
	if s.cannot(StatusHistory) {
		kept = min(kept, 1)
	}
	if len(all) != kept || len(slices.Compact(all)) != 1 {
		t.Errorf("%v; wrote %v", all, wrote.of)
	}
}

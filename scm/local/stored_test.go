package local

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ferry-cd/ferry/scm"
)

var (
	shaA = strings.Repeat("a", 40)
	shaB = strings.Repeat("b", 40)
)

func sample() record {
	at := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)
	return record{
		Version: recordVersion, BaseSHA: shaB,
		PullRequest: scm.PullRequest{Number: 12, State: scm.Merged, Head: "ferry/dev/web", Base: "main", HeadSHA: shaA, MergeCommit: shaB, Title: "<web> & 2", Body: "é\n",
			Labels: []string{"x"}, Author: "ferry", Created: at, Closed: at, ClosedBy: "ada"},
		Reviews: []scm.Review{{Author: "ada", Verdict: scm.Approved, SHA: shaA, Writer: true, Body: "fine", Time: at}},
	}
}

func TestRecordRoundTrip(t *testing.T) {
	r := sample()
	r.PullRequest.URL, r.Conflict = "local:/x#12", true // found anew at each look, so not kept
	data, err := r.encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeRecord(data, 12)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(sample(), got); d != "" {
		t.Error(d)
	}
	for _, word := range []string{"local:", "conflict", `\u003c`} {
		if strings.Contains(string(data), word) {
			t.Errorf("%q is kept: %s", word, data)
		}
	}
}

func TestRecordOfStrangers(t *testing.T) {
	data, err := sample().encode()
	if err != nil {
		t.Fatal(err)
	}
	good := string(data)
	for name, change := range map[string][2]string{
		"empty":           {good, ""},
		"no JSON":         {good, "number: 12"},
		"two values":      {good, good + "{}"},
		"another number":  {`"number": 12`, `"number": 13`},
		"newer":           {`"version": 1`, `"version": 2`},
		"older":           {`"version": 1`, `"version": 0`},
		"unknown key":     {`"number"`, `"extra": 1, "number"`},
		"unknown state":   {`"merged"`, `"won"`},
		"no such verdict": {`"approved"`, `"loved"`},
		"no head":         {`"ferry/dev/web"`, `""`},
		"an escape":       {`"ferry/dev/web"`, `"ferry/\u001b[31m"`},
		"into itself":     {`"ferry/dev/web"`, `"main"`},
		"no commit":       {`"headSHA": "` + shaA, `"headSHA": "zz`},
		"unmerged":        {`"mergeCommit": "` + shaB, `"mergeCommit": "`},
		"nobody":          {`"author": "ferry"`, `"author": ""`},
		"endless numbers": {`"number": 12`, `"number": 1e400`},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if bad == good {
			t.Fatalf("%s: nothing changed", name)
		}
		if r, err := decodeRecord([]byte(bad), 12); err == nil {
			t.Errorf("%s: believed %+v", name, r)
		}
	}
}

func FuzzRecord(f *testing.F) {
	data, err := sample().encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"version":1,"number":12}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := decodeRecord(data, 12)
		if err != nil {
			return
		}
		again, err := r.encode()
		if err != nil {
			t.Fatalf("%+v: %v", r, err)
		}
		if back, err := decodeRecord(again, 12); err != nil || !reflect.DeepEqual(back.PullRequest, r.PullRequest) {
			t.Errorf("%s\nbecame %s\n%v", data, again, err)
		}
	})
}

func FuzzStatuses(f *testing.F) {
	f.Add([]byte(`{"context":"ferry/dev/web","state":"success","text":"é","url":"https://x","creator":"ferry","time":"2026-05-01T10:00:00Z"}` + "\n"))
	f.Add([]byte("{}\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := decodeStatuses(data)
		if err != nil {
			return
		}
		again, err := encodeStatuses(all)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := decodeStatuses(again); err != nil || !reflect.DeepEqual(back, all) {
			t.Errorf("%s\nbecame %s\n%v", data, again, err)
		}
	})
}

func TestEachCommitHasAFileOfItsOwn(t *testing.T) {
	for _, other := range []string{shaB, shaA[:39] + "b", "ab" + shaA[2:]} {
		if statusPath(other) == statusPath(shaA) {
			t.Errorf("%s and %s share %s", other, shaA, statusPath(shaA))
		}
	}
}

func FuzzSettings(f *testing.F) {
	f.Add([]byte(`{"protect":[{"branch":"env/*","statuses":["ferry/gates"],"approvals":1}],"keepBranches":true}`), "env/prod")
	f.Add([]byte(`{"protect":[{"branch":"[","approvals":-1}]}`), "main")
	f.Fuzz(func(t *testing.T, data []byte, branch string) {
		s, err := decodeSettings(data)
		for _, r := range s.Protect {
			if err == nil && (r.Approvals < 0 || r.Branch == "") {
				t.Errorf("%s: believed %+v", data, r)
			}
		}
	})
}

func TestSettingsOfAdministrators(t *testing.T) {
	for _, bad := range []string{`{"protects":[]}`, `{"protect":[{"branch":""}]}`, `{"protect":[{"branch":"[a"}]}`, `{"protect":[{"branch":"a","approvals":-1}]}`, `[]`, ``} {
		if s, err := decodeSettings([]byte(bad)); err == nil {
			t.Errorf("%s: believed %+v", bad, s)
		}
	}
}

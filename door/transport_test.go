package door_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/door"
)

// line is a server with a script, and a transport to it whose clock only moves while it waits.
type line struct {
	*door.Transport
	http *http.Client
	url  string

	mu     sync.Mutex
	now    time.Time
	slept  []time.Duration
	logged []string
	seen   []string // method, path and body of every attempt
}

func newLine(t *testing.T, o door.Options, answers ...http.HandlerFunc) *line {
	t.Helper()
	l := &line{now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		l.mu.Lock()
		n := len(l.seen)
		l.seen = append(l.seen, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+string(body)))
		l.mu.Unlock()
		answers[min(n, len(answers)-1)](w, r)
	}))
	t.Cleanup(server.Close)
	l.url = server.URL
	o.Base = server.URL
	o.Now = func() time.Time { l.mu.Lock(); defer l.mu.Unlock(); return l.now }
	o.Sleep = func(ctx context.Context, d time.Duration) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.now, l.slept = l.now.Add(d), append(l.slept, d)
		return ctx.Err()
	}
	o.Chance = func() float64 { return 0.5 }
	o.Log = func(line string) { l.mu.Lock(); defer l.mu.Unlock(); l.logged = append(l.logged, line) }
	l.Transport = door.NewTransport(o)
	l.http = l.Client()
	return l
}

// ask sends one request and gives the answer's status and body.
func (l *line) ask(ctx context.Context, method, path, body string) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, method, l.url+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	res, err := l.http.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return res.StatusCode, string(data), err
}

func says(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// breaks cuts the connection, after a piece of the answer or before it.
func breaks(piece string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if piece != "" {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, piece)
		}
		panic(http.ErrAbortHandler)
	}
}

func TestWhatIsRepeated(t *testing.T) {
	ok := says(200, "fine")
	const lost = -1
	for name, c := range map[string]struct {
		method  string
		first   http.HandlerFunc
		want    int // the status in the end, or lost
		tries   int
		mention string
	}{
		"a read after a reset":             {"GET", breaks(""), 200, 2, ""},
		"a read after half a body":         {"GET", breaks("hal"), 200, 2, ""},
		"a read after 502":                 {"GET", says(502, "<html>"), 200, 2, ""},
		"a PUT after 500":                  {"PUT", says(500, ""), 200, 2, ""},
		"a DELETE after a reset":           {"DELETE", breaks(""), 200, 2, ""},
		"a POST after a reset":             {"POST", breaks(""), lost, 1, "reply was lost"},
		"a POST after half a body":         {"POST", breaks("hal"), lost, 1, "reply was lost"},
		"a POST after 502":                 {"POST", says(502, "bad\x1b[2J gateway"), lost, 1, "status 502: bad [2J gateway"},
		"a PATCH after 504":                {"PATCH", says(504, ""), lost, 1, "status 504"},
		"a POST after 429":                 {"POST", says(429, ""), 200, 2, ""},
		"a POST after 503 with a time":     {"POST", says(503, "", "Retry-After", "3"), 200, 2, ""},
		"a POST after 403 with a time":     {"POST", says(403, "", "Retry-After", "3"), 200, 2, ""},
		"a POST that is forbidden":         {"POST", says(403, ""), 403, 1, ""},
		"a read of what is not there":      {"GET", says(404, ""), 404, 1, ""},
		"a read of what nobody implements": {"GET", says(501, ""), 501, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLine(t, door.Options{}, c.first, ok)
			code, body, err := l.ask(t.Context(), c.method, "/x", "sent")
			var gone *door.LostError
			if errors.As(err, &gone) {
				code = lost
			} else if err != nil {
				t.Fatal(err)
			}
			if code != c.want || code == 200 && body != "fine" {
				t.Errorf("status %d %q %v, want %d", code, body, err, c.want)
			}
			if c.mention != "" && !strings.Contains(fmt.Sprint(err), c.mention) {
				t.Errorf("%v does not say %q", err, c.mention)
			}
			if len(l.seen) != c.tries || strings.Count(strings.Join(l.seen, ""), "sent") != c.tries {
				t.Errorf("attempts: %q, want %d with their bodies", l.seen, c.tries)
			}
		})
	}
}

func TestARepeatablePostIsARead(t *testing.T) {
	l := newLine(t, door.Options{}, breaks(""), says(200, "data"))
	if code, body, err := l.ask(door.Repeatable(t.Context()), "POST", "/graphql", "query"); code != 200 || body != "data" {
		t.Error(code, body, err)
	}
	if c := l.Calls(); c.Reads != 1 || c.Writes != 0 || c.Retries != 1 {
		t.Errorf("%+v", c)
	}
}

func TestAPageIsNoAnswer(t *testing.T) {
	page, answer := says(200, "<html>", "Content-Type", "text/html"), says(200, "{}", "Content-Type", "application/json; charset=utf-8")
	for method, lost := range map[string]bool{"GET": false, "PUT": false, "POST": true} {
		l := newLine(t, door.Options{JSON: true}, page, answer)
		code, body, err := l.ask(t.Context(), method, "/x", "")
		var gone *door.LostError
		if errors.As(err, &gone) != lost || !lost && (code != 200 || body != "{}") {
			t.Errorf("%s: %d %q %v", method, code, body, err)
		}
	}
	l := newLine(t, door.Options{JSON: true}, says(204, ""))
	if code, _, err := l.ask(t.Context(), "POST", "/x", ""); code != 204 || err != nil {
		t.Error(code, err)
	}
}

func TestTriesEnd(t *testing.T) {
	l := newLine(t, door.Options{}, says(500, "broken"))
	if code, body, err := l.ask(t.Context(), "GET", "/", ""); code != 500 || body != "broken" || err != nil {
		t.Error(code, body, err)
	}
	if len(l.seen) != 6 || len(l.slept) != 5 {
		t.Errorf("%d attempts, pauses %v", len(l.seen), l.slept)
	}
	for i := 1; i < len(l.slept); i++ {
		if l.slept[i] <= l.slept[i-1] {
			t.Errorf("pauses do not grow: %v", l.slept)
		}
	}
	l = newLine(t, door.Options{}, breaks("x"))
	if _, _, err := l.ask(t.Context(), "GET", "/", ""); err == nil {
		t.Error("half a body is no answer")
	}
}

func TestLimits(t *testing.T) {
	const start = 5*3600 + 6*60 + 7 // newLine's clock, in seconds of its day
	date := func(d time.Duration) string {
		return time.Date(2026, 3, 4, 0, 0, start, 0, time.UTC).Add(d).Format(http.TimeFormat)
	}
	for name, c := range map[string]struct {
		header string
		want   time.Duration // the pause; 0 = given up
	}{
		"seconds":       {"7", 7 * time.Second},
		"zero":          {"0", time.Second},
		"a date":        {date(90 * time.Second), 90 * time.Second},
		"a past date":   {date(-time.Hour), time.Second},
		"negative":      {"-5", 45 * time.Second},
		"absent":        {"", 45 * time.Second},
		"nonsense":      {"soon", 45 * time.Second},
		"endless":       {"99999999999999999", 45 * time.Second},
		"ten hours":     {"36000", 0},
		"a far date":    {date(10 * time.Hour), 0},
		"past the edge": {"601", 0},
	} {
		t.Run(name, func(t *testing.T) {
			answer := says(429, "slow down")
			if c.header != "" {
				answer = says(429, "slow down", "Retry-After", c.header)
			}
			l := newLine(t, door.Options{Pace: -1}, answer, says(201, "made"))
			code, _, err := l.ask(t.Context(), "POST", "/", "")
			var wait *door.WaitError
			if c.want == 0 {
				if !errors.As(err, &wait) || wait.Until.Sub(l.now) < 10*time.Minute || wait.Hint() == "" || len(l.seen) != 1 {
					t.Errorf("%d %v after %d attempts", code, err, len(l.seen))
				}
				return
			}
			if code != 201 || len(l.slept) != 1 || l.slept[0] != c.want || l.Calls().Waited != c.want {
				t.Errorf("%d %v, waited %v, want %s", code, err, l.slept, c.want)
			}
		})
	}
}

func TestPausesOfAllRequestsHaveABudget(t *testing.T) {
	l := newLine(t, door.Options{Pace: -1, Budget: time.Minute}, says(429, "", "Retry-After", "50"), says(200, ""), says(429, "", "Retry-After", "50"), says(200, ""),
		says(429, "", "Retry-After", "50"), says(200, ""), says(429, "", "Retry-After", "50"), says(200, ""))
	var wait *door.WaitError
	for n := range 4 {
		_, _, err := l.ask(t.Context(), "GET", "/", "")
		if errors.As(err, &wait) != (n == 3) {
			t.Errorf("request %d: %v after %v", n, err, l.slept)
		}
	}
}

func TestALimitForEver(t *testing.T) {
	l := newLine(t, door.Options{Pace: -1, Budget: 100 * time.Hour}, says(429, "no", "Retry-After", "1"))
	if code, _, err := l.ask(t.Context(), "GET", "/", ""); code != 429 || err != nil || len(l.seen) > 30 {
		t.Error(code, err, len(l.seen))
	}
}

func TestAForgesOwnSigns(t *testing.T) {
	own := func(res *http.Response, body []byte) (time.Duration, bool) {
		return 5 * time.Second, res.StatusCode == 403 && bytes.Contains(body, []byte("secondary rate limit"))
	}
	l := newLine(t, door.Options{Limited: own}, says(403, "You have exceeded a secondary rate limit"), says(200, ""))
	if code, _, err := l.ask(t.Context(), "GET", "/", ""); code != 200 || len(l.slept) != 1 || l.slept[0] != 5*time.Second {
		t.Error(code, err, l.slept)
	}
}

func TestAServerThatAnswersAndWantsAPause(t *testing.T) {
	l := newLine(t, door.Options{}, says(200, "ok", "Retry-After", "20"), says(200, "ok"))
	for range 2 {
		if code, _, err := l.ask(t.Context(), "GET", "/", ""); code != 200 {
			t.Fatal(code, err)
		}
	}
	if len(l.slept) != 1 || l.slept[0] != 20*time.Second {
		t.Errorf("waited %v", l.slept)
	}
}

func TestPace(t *testing.T) {
	l := newLine(t, door.Options{Pace: time.Second, Burst: 3}, says(201, ""))
	for range 6 {
		if _, _, err := l.ask(t.Context(), "POST", "/", ""); err != nil {
			t.Fatal(err)
		}
		if _, _, err := l.ask(t.Context(), "GET", "/", ""); err != nil {
			t.Fatal(err)
		}
	}
	if fmt.Sprint(l.slept) != "[1s 1s 1s]" {
		t.Errorf("waited %v", l.slept)
	}
	if c := l.Calls(); c.Reads != 6 || c.Writes != 6 {
		t.Errorf("%+v", c)
	}
}

func TestUnchangedAnswersComeFromMemory(t *testing.T) {
	answer := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"a"`)
		w.Header().Set("X-Quota", r.Header.Get("If-None-Match"))
		if r.Header.Get("If-None-Match") == `"a"` {
			w.WriteHeader(304)
			return
		}
		fmt.Fprint(w, "body")
	}
	l := newLine(t, door.Options{}, answer)
	for range 3 {
		if code, body, err := l.ask(t.Context(), "GET", "/x", ""); code != 200 || body != "body" {
			t.Fatal(code, body, err)
		}
	}
	if c := l.Calls(); c.NotModified != 2 || c.Reads != 3 {
		t.Errorf("%+v", c)
	}
}

// rotating is a credential that was revoked and can be had anew.
type rotating struct{ now, next door.Token }

func (r *rotating) Authorize(_ context.Context, req *http.Request) error {
	req.Header.Set("Authorization", "Bearer "+r.now.Reveal())
	return nil
}

func (r *rotating) Renew(context.Context) (bool, error) {
	if r.next.IsZero() {
		return false, nil
	}
	r.now, r.next = r.next, door.Token{}
	return true, nil
}

func TestAnExpiredCredentialIsRenewedOnce(t *testing.T) {
	answer := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer second-secret" {
			w.WriteHeader(401)
		}
	}
	l := newLine(t, door.Options{Credential: &rotating{door.NewToken("first-secret"), door.NewToken("second-secret")}}, answer)
	if code, _, err := l.ask(t.Context(), "POST", "/", "x"); code != 200 || len(l.seen) != 2 {
		t.Error(code, err, l.seen)
	}
	l = newLine(t, door.Options{Credential: &rotating{now: door.NewToken("first-secret"), next: door.NewToken("wrong-secret")}}, answer)
	if code, _, err := l.ask(t.Context(), "POST", "/", "x"); code != 401 || len(l.seen) != 2 {
		t.Error(code, err, l.seen)
	}
}

func TestCredentialsStayHome(t *testing.T) {
	var foreign []http.Header
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		foreign = append(foreign, r.Header)
		fmt.Fprint(w, "elsewhere")
	}))
	defer elsewhere.Close()
	away := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer canary-token" {
			t.Errorf("at home: %q", r.Header.Get("Authorization"))
		}
		http.Redirect(w, r, elsewhere.URL+"/stolen", http.StatusFound)
	}
	l := newLine(t, door.Options{Credential: door.Bearer(door.NewToken("canary-token"))}, away)
	req, _ := http.NewRequestWithContext(t.Context(), "GET", l.url+"/x", nil)
	req.Header.Set("PRIVATE-TOKEN", "canary-token") // as a library would
	res, err := l.http.Do(req)
	if err != nil || res.StatusCode != 200 {
		t.Fatal(res, err)
	}
	if len(foreign) != 1 || strings.Contains(fmt.Sprint(foreign[0]), "canary") {
		t.Errorf("another server was told %v", foreign)
	}
	if code, _, err := l.ask(t.Context(), "POST", "/x", "secret body"); code != 302 || err != nil || len(foreign) != 1 {
		t.Errorf("a write was redirected: %d %v %d", code, err, len(foreign))
	}
}

func TestPlainHTTPIsForThisMachine(t *testing.T) {
	tr := door.NewTransport(door.Options{Base: "http://forge.example.com", Credential: door.Bearer(door.NewToken("canary-token"))})
	_, err := tr.Client().Get("http://forge.example.com/x")
	if err == nil || !strings.Contains(err.Error(), "not encrypted") {
		t.Error(err)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	l := newLine(t, door.Options{MaxBody: 1 << 20}, func(w http.ResponseWriter, _ *http.Request) {
		for range 1 << 12 {
			if _, err := w.Write(make([]byte, 1<<12)); err != nil {
				return
			}
		}
	})
	if _, _, err := l.ask(t.Context(), "GET", "/", ""); err == nil || !strings.Contains(err.Error(), "larger than 1 MiB") || len(l.seen) != 1 {
		t.Error(err, len(l.seen))
	}
}

func TestASlowBodyEnds(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	l := newLine(t, door.Options{Timeout: 50 * time.Millisecond}, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
		case <-stop:
		}
	}, says(200, "ok"))
	if code, _, err := l.ask(t.Context(), "GET", "/", ""); code != 200 || len(l.seen) != 2 {
		t.Error(code, err, len(l.seen))
	}
}

func TestCancelEndsAWait(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l := newLine(t, door.Options{}, func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		w.WriteHeader(429)
	})
	if _, _, err := l.ask(ctx, "GET", "/", ""); !errors.Is(err, context.Canceled) || len(l.seen) != 1 {
		t.Error(err, len(l.seen))
	}
}

func TestFailure(t *testing.T) {
	l := newLine(t, door.Options{RequestID: []string{"X-Request-Id"}, Credential: door.Bearer(door.NewToken("canary-token"))},
		says(422, "bad\n\u202eword canary-token "+strings.Repeat("x", 1000), "X-Request-Id", "abc-1"))
	res, err := l.http.Get(l.url + "/repos?q=1")
	if err != nil {
		t.Fatal(err)
	}
	err = l.Failure(res)
	for _, want := range []string{"GET /repos: status 422: bad word *** xxx", "…", "(request abc-1)"} {
		if !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	if body, _ := io.ReadAll(res.Body); len(body) < 1000 {
		t.Error("the body is gone")
	}
	if strings.Contains(strings.Join(l.logged, "\n"), "canary") || len(l.logged) != 1 || !strings.Contains(l.logged[0], "GET /repos?q=1: 422") {
		t.Errorf("log: %q", l.logged)
	}
}

func TestSettle(t *testing.T) {
	lost := &door.LostError{Method: "POST", Path: "/", Err: io.ErrUnexpectedEOF}
	for name, c := range map[string]struct {
		there  bool // from the beginning
		lands  int  // the act that has an effect, from 1; its reply is lost
		lag    int  // looks until the effect shows
		acts   int
		failed bool
	}{
		"there already":                 {there: true},
		"the first act lands, unheard":  {lands: 1, acts: 1},
		"it shows late":                 {lands: 1, lag: 3, acts: 1},
		"the second act lands, unheard": {lands: 2, acts: 2},
		"nothing ever lands":            {lands: 99, acts: 3, failed: true},
	} {
		l := newLine(t, door.Options{}, says(200, ""))
		acts, looks := 0, 0
		err := l.Settle(t.Context(), func(context.Context) (bool, error) {
			if acts >= c.lands {
				looks++
			}
			return c.there || acts >= c.lands && looks > c.lag, nil
		}, func(context.Context) error { acts++; return lost })
		if acts != c.acts || (err != nil) != c.failed {
			t.Errorf("%s: %d acts, %v", name, acts, err)
		}
	}
}

func TestRedact(t *testing.T) {
	door.NewToken("sup3r s3cret/canary")
	door.Basic("ferry", door.NewToken("basic-canary"))
	door.NewToken("abc") // too short to mask
	for _, text := range []string{
		"token sup3r s3cret/canary.", "?t=sup3r+s3cret%2Fcanary", "/sup3r%20s3cret%2Fcanary/x", "https://me:whoever@forge.example.com/x", "Basic ZmVycnk6YmFzaWMtY2FuYXJ5",
	} {
		got := door.Redact(text)
		if strings.Contains(got, "canary") || strings.Contains(got, "whoever") || strings.Contains(got, "ZmVycnk6") || !strings.Contains(got, "***") {
			t.Errorf("%q became %q", text, got)
		}
	}
	if got := door.Redact("abc is a word at https://forge.example.com/a@b"); got != "abc is a word at https://forge.example.com/a@b" {
		t.Error(got)
	}
	if out, err := json.Marshal(door.Bearer(door.NewToken("json-canary"))); err != nil || strings.Contains(string(out), "canary") {
		t.Error(string(out), err)
	}
}

func TestCallersRequestsStayAsTheyAre(t *testing.T) {
	l := newLine(t, door.Options{Credential: door.Bearer(door.NewToken("canary-token"))}, says(200, "x", "ETag", `"e"`))
	for range 2 {
		req, _ := http.NewRequestWithContext(t.Context(), "GET", l.url, nil)
		if _, err := l.RoundTrip(req); err != nil || len(req.Header) != 0 {
			t.Error(req.Header, err)
		}
	}
}

package hooks

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/door"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// receiver is a server with what it woke.
type receiver struct {
	*Server
	mu      sync.Mutex
	woken   []string
	answers []Answer
}

func receive(t *testing.T, change func(*Options)) *receiver {
	t.Helper()
	r := &receiver{}
	o := Options{
		Signing: tokens("new-signing-key", "old-signing-key"),
		Tokens:  tokens("new-bearer-token", "old-bearer-token"),
		Wake: func(h Hint) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.woken = append(r.woken, strings.TrimSpace(h.Kind+" "+h.Namespace+"/"+h.Name+" "+h.Commit+strings.TrimRight(" "+h.Part.Group+" "+h.Part.Kind+" "+h.Part.Namespace+" "+h.Part.Name, " ")))
		},
		Seen: func(a Answer) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.answers = append(r.answers, a)
		},
		Now: func() time.Time { return noon },
	}
	if change != nil {
		change(&o)
	}
	var err error
	if r.Server, err = New(o); err != nil {
		t.Fatal(err)
	}
	return r
}

// wakes passes on all that waits and gives what was woken so far.
func (r *receiver) wakes() []string {
	for {
		h, ok := r.queue.next()
		if !ok {
			break
		}
		r.o.Wake(h)
	}
	return slices.Clone(r.woken)
}

func tokens(secrets ...string) func() []door.Token {
	var out []door.Token
	for _, s := range secrets {
		out = append(out, door.NewToken(s))
	}
	return func() []door.Token { return out }
}

func (r *receiver) post(path, body string, headers ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w
}

func sign(name, key, body string) string {
	algorithm := map[string]func() hash.Hash{"sha224": sha256.New224, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New}[name]
	mac := hmac.New(algorithm, []byte(key))
	mac.Write([]byte(body))
	return name + "=" + hex.EncodeToString(mac.Sum(nil))
}

func event(name string, at time.Time) string {
	return fmt.Sprintf(`{"involvedObject":{"kind":"Kustomization","namespace":"flux-system","name":%q},"severity":"info","timestamp":%q,"message":"m","reason":"ReconciliationSucceeded","metadata":{"revision":"main@sha1:%s"}}`,
		name, at.Format(time.RFC3339), strings.Repeat("a", 40))
}

// The vector that Flux's notification-controller tests itself with.
func TestFluxSignatureVector(t *testing.T) {
	body := `{"involvedObject":{"kind":"GitRepository","namespace":"gitops-system","name":"webapp"},"severity":"info","timestamp":"2022-09-30T06:40:29Z",` +
		`"message":"message","reason":"reason","metadata":{"test":"metadata"},"reportingController":"source-controller","reportingInstance":"source-controller-xyz"}`
	r := receive(t, func(o *Options) {
		o.Signing = tokens("7152fed34dd6149a7c75a276c510da27cb6f82b0")
		o.Now = func() time.Time { return time.Unix(1664520029, 0) }
	})
	w := r.post("/flux", body, "X-Signature", "sha256=65b018549b1254e7226d1c08f9567ee45bc9de0fc4e7b1a40253f9a018b08be7", "Authorization", "token")
	if w.Code != 202 || !slices.Equal(r.wakes(), []string{"GitRepository gitops-system/webapp"}) {
		t.Errorf("%d %s, woke %q", w.Code, w.Body, r.woken)
	}
}

func TestProof(t *testing.T) {
	body := event("prod", noon)
	for name, tt := range map[string]struct {
		headers []string
		code    int
	}{
		"no proof":           {nil, 401},
		"new key":            {[]string{"X-Signature", sign("sha256", "new-signing-key", body)}, 202},
		"old key":            {[]string{"X-Signature", sign("sha256", "old-signing-key", body)}, 202},
		"sha384":             {[]string{"X-Signature", sign("sha384", "new-signing-key", body)}, 202},
		"sha512":             {[]string{"X-Signature", sign("sha512", "new-signing-key", body)}, 202},
		"sha224":             {[]string{"X-Signature", sign("sha224", "new-signing-key", body)}, 401},
		"other name":         {[]string{"X-Signature", "sha512" + sign("sha256", "new-signing-key", body)[6:]}, 401},
		"foreign key":        {[]string{"X-Signature", sign("sha256", "somebody-elses", body)}, 401},
		"empty key":          {[]string{"X-Signature", sign("sha256", "", body)}, 401},
		"other body":         {[]string{"X-Signature", sign("sha256", "new-signing-key", body+" ")}, 401},
		"cut":                {[]string{"X-Signature", sign("sha256", "new-signing-key", body)[:40]}, 401},
		"empty signature":    {[]string{"X-Signature", "", "Authorization", "Bearer new-bearer-token"}, 401},
		"signature wins":     {[]string{"X-Signature", "sha256=00", "Authorization", "Bearer new-bearer-token"}, 401},
		"bearer":             {[]string{"Authorization", "Bearer new-bearer-token"}, 202},
		"old bearer":         {[]string{"Authorization", "bearer old-bearer-token"}, 202},
		"wrong bearer":       {[]string{"Authorization", "Bearer new-bearer-toke"}, 401},
		"empty bearer":       {[]string{"Authorization", "Bearer "}, 401},
		"key is no token":    {[]string{"Authorization", "Bearer new-signing-key"}, 401},
		"token is no key":    {[]string{"X-Signature", sign("sha256", "new-bearer-token", body)}, 401},
		"password":           {[]string{"Authorization", "Basic ZmVycnk6bmV3LWJlYXJlci10b2tlbg=="}, 202}, // ferry:new-bearer-token
		"another scheme":     {[]string{"Authorization", "Token new-bearer-token"}, 401},
		"without the scheme": {[]string{"Authorization", "new-bearer-token"}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			r := receive(t, nil)
			w := r.post("/flux", body, tt.headers...)
			if w.Code != tt.code || (len(r.wakes()) == 1) != (tt.code == 202) {
				t.Errorf("%d %s, woke %q", w.Code, w.Body, r.woken)
			}
			if strings.Contains(w.Body.String(), "key") || (w.Code == 401) != (w.Header().Get("WWW-Authenticate") != "") {
				t.Errorf("%q %q", w.Body, w.Header())
			}
		})
	}
}

// A secret that was replaced is good at once, and the one before it is not.
func TestRotation(t *testing.T) {
	now := "first-secret"
	r := receive(t, func(o *Options) { o.Tokens = func() []door.Token { return tokens(now)() } })
	code := func(secret, name string) int {
		return r.post("/flux", event(name, noon), "Authorization", "Bearer "+secret).Code
	}
	before := code("first-secret", "a")
	now = "second-secret"
	if got := []int{before, code("second-secret", "b"), code("first-secret", "c")}; !slices.Equal(got, []int{202, 202, 401}) {
		t.Errorf("got %d", got)
	}
}

// Without a secret there is no server, unless somebody says so; and then a wrong proof is still none.
func TestNoSecret(t *testing.T) {
	none := Options{Wake: func(Hint) {}, Signing: tokens(""), Tokens: tokens("", "")}
	_, err := New(none)
	if h, ok := err.(interface{ Hint() string }); !ok || !strings.Contains(h.Hint(), "--allow-unsigned-webhooks") {
		t.Fatalf("got %v", err)
	}
	r := receive(t, func(o *Options) { o.Signing, o.Tokens, o.Open = nil, nil, true })
	body := event("prod", noon)
	if w := r.post("/flux", body); w.Code != 202 {
		t.Errorf("open: %d", w.Code)
	}
	if w := r.post("/flux", body, "X-Signature", sign("sha256", "", body)); w.Code != 401 {
		t.Errorf("a signature with no key: %d", w.Code)
	}
}

func TestAdmission(t *testing.T) {
	proof := []string{"Authorization", "Bearer new-bearer-token"}
	for name, tt := range map[string]struct {
		method, path, body string
		headers            []string
		code               int
		header             string
	}{
		"get":               {"GET", "/flux", "", proof, 405, "Allow"},
		"put":               {"PUT", "/argocd", event("a", noon), proof, 405, "Allow"},
		"elsewhere":         {"POST", "/", event("a", noon), proof, 404, ""},
		"form":              {"POST", "/flux", "a=b", append([]string{"Content-Type", "application/x-www-form-urlencoded"}, proof...), 415, ""},
		"no type":           {"POST", "/flux", event("a", noon), append([]string{"Content-Type", ""}, proof...), 415, ""},
		"charset":           {"POST", "/flux", event("a", noon), append([]string{"Content-Type", "application/json; charset=utf-8"}, proof...), 202, ""},
		"compressed":        {"POST", "/flux", event("a", noon), append([]string{"Content-Encoding", "gzip"}, proof...), 415, ""},
		"empty":             {"POST", "/flux", "", proof, 400, ""},
		"no object":         {"POST", "/flux", "{}", proof, 400, ""},
		"list":              {"POST", "/flux", "[]", proof, 400, ""},
		"no time":           {"POST", "/flux", `{"involvedObject":{"kind":"Kustomization","name":"a"}}`, proof, 400, ""},
		"bad name":          {"POST", "/flux", event("../etc", noon), proof, 400, ""},
		"line break":        {"POST", "/flux", event("a\nb", noon), proof, 400, ""},
		"other kind":        {"POST", "/flux", strings.Replace(event("a", noon), "Kustomization", "Receiver", 1), proof, 202, ""},
		"just in time":      {"POST", "/flux", event("a", noon.Add(-15*time.Minute)), proof, 202, ""},
		"too old":           {"POST", "/flux", event("a", noon.Add(-15*time.Minute-time.Second)), proof, 422, ""},
		"from the future":   {"POST", "/flux", event("a", noon.Add(16*time.Minute)), proof, 422, ""},
		"as large as Flux":  {"POST", "/flux", strings.Replace(event("a", noon), `"m"`, `"`+strings.Repeat("m", MaxBody-500)+`"`, 1), proof, 202, ""},
		"too large":         {"POST", "/flux", strings.Replace(event("a", noon), `"m"`, `"`+strings.Repeat("m", MaxBody)+`"`, 1), proof, 413, "Connection"},
		"argo, other kind":  {"POST", "/argocd", `{"kind":"AppProject","metadata":{"name":"a"}}`, proof, 400, ""},
		"argo, bad time":    {"POST", "/argocd", `{"metadata":{"name":"a"},"timestamp":"yesterday"}`, proof, 400, ""},
		"argo, old":         {"POST", "/argocd", `{"metadata":{"name":"a"},"timestamp":"2026-11-20T12:00:00Z"}`, proof, 422, ""},
		"not for that path": {"POST", "/flux", `{"commitid":"abc"}`, proof, 400, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := receive(t, nil)
			req := httptest.NewRequest(tt.method, tt.path, strings.NewReader(tt.body))
			req.Header.Set("Content-Type", "application/json")
			for i := 0; i < len(tt.headers); i += 2 {
				req.Header.Set(tt.headers[i], tt.headers[i+1])
			}
			w := httptest.NewRecorder()
			r.ServeHTTP(w, req)
			if w.Code != tt.code || tt.header != "" && w.Header().Get(tt.header) == "" {
				t.Errorf("%d %s %q", w.Code, w.Body, w.Header())
			}
			if woke := len(r.wakes()) > 0; woke != (tt.code == 202 && name != "other kind") {
				t.Errorf("woke %q", r.woken)
			}
		})
	}
}

// What Flux's controllers and its notification-controller really sent, on the path and with the headers of each provider.
func TestRecordedEvents(t *testing.T) {
	for _, file := range []string{"flux-direct.jsonl", "flux-notification-controller.jsonl"} {
		for i, rec := range recorded(t, file) {
			r := receive(t, func(o *Options) { o.Now = func() time.Time { return time.Unix(int64(rec.T), 0) } })
			for n, path := range []string{"/flux", "/gitopsphase"} {
				body, proof := string(rec.B)+strings.Repeat(" ", n), []string{"Authorization", "Bearer new-bearer-token"}
				if rec.H["X-Signature"] != "" {
					proof = []string{"X-Signature", sign("sha256", "new-signing-key", body)}
				}
				if w := r.post(path, body, append(proof, "Content-Type", rec.H["Content-Type"])...); w.Code != 202 {
					t.Fatalf("%s:%d on %s: %d %s", file, i+1, path, w.Code, w.Body)
				}
			}
			got := r.answers[len(r.answers)-1].Event
			if want := rec.object(t); got.Kind+" "+got.Namespace+"/"+got.Name != want || !strings.Contains(got.Revision, "main@sha1:") || got.Time.IsZero() {
				t.Errorf("%s:%d: read %+v, want %s", file, i+1, got, want)
			}
		}
	}
}

type recording struct {
	T float64
	H map[string]string
	B json.RawMessage
}

func (r recording) object(t *testing.T) string {
	t.Helper()
	var b struct {
		O struct{ Kind, Namespace, Name string } `json:"involvedObject"`
	}
	if err := json.Unmarshal(r.B, &b); err != nil {
		t.Fatal(err)
	}
	return b.O.Kind + " " + b.O.Namespace + "/" + b.O.Name
}

func recorded(t testing.TB, file string) []recording {
	t.Helper()
	f, err := os.Open("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []recording
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var r recording
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	if len(out) == 0 {
		t.Fatal("no recordings")
	}
	return out
}

// What gitops-connector's manual has Argo CD send, on its path. Which Application it is about is not in there: the commit and the
// first resource with whole names stand in for it, as far as the template was filled in.
func TestGitopsConnectorUsersChangeTheURL(t *testing.T) {
	sha := strings.Repeat("b", 40)
	resources := `[{"version":"v1","kind":"Namespace","name":"shop","status":"Synced"},{"group":"apps","version":"v1","kind":"Deployment","namespace":"shop","name":"web","status":"OutOfSync","health":{"status":"Degraded"}},{"version":"v1","kind":"Service","namespace":"shop","name":"web"}]`
	filled := func(commit, message, resources string) string {
		return fmt.Sprintf("{\n  \"commitid\": \"%s\",\n  \"phase\": \"Failed\",\n  \"sync_status\": \"OutOfSync\",\n  \"health\": \"Degraded\",\n  \"message\": \"%s\",\n  \"resources\": %s,\n  \"gitops_connector_config_name\": \"shop\"\n}\n", commit, message, resources)
	}
	for name, tt := range map[string]struct{ body, woke string }{
		"all of it":                         {filled(sha, "waiting for healthy state", resources), "Application / " + sha + " apps Deployment shop web"},
		"a message with quotes":             {filled(sha, `one or more objects failed to apply, reason: Deployment.apps "web" is invalid: spec.replicas: Invalid value: "x"`, resources), "Application / " + sha + " apps Deployment shop web"},
		"a message with line breaks":        {filled(sha, "error:\n  line 1\n\tline 2", resources), "Application / " + sha + " apps Deployment shop web"},
		"a message that speaks of its kind": {filled(sha, `bad "resources": [{"kind":"Pod","namespace":"x","name":"y"}]`, resources), "Application / " + sha + " apps Deployment shop web"},
		"several sources":                   {filled("<no value>", "", resources), "Application /  apps Deployment shop web"},
		"nothing applied yet":               {filled(sha, "", "null"), "Application / " + sha},
		"nothing known":                     {filled("<no value>", "", "null"), "Application /"},
		"a broken message and no resources": {filled(sha, `"`, "null"), "Application / " + sha},
		"names that nothing has":            {filled(sha, "", `[{"kind":"Service","namespace":"../x","name":"web"},{"kind":"A b","namespace":"x","name":"web"},{"group":"\u0000","kind":"C","namespace":"x","name":"web"}]`), "Application / " + sha},
		"a commit that is none":             {filled("main", "", "[]"), "Application /"},
	} {
		t.Run(name, func(t *testing.T) {
			r := receive(t, nil)
			if w := r.post("/gitopsphase", tt.body, "Authorization", "Basic ZmVycnk6bmV3LWJlYXJlci10b2tlbg=="); w.Code != 202 || !slices.Equal(r.wakes(), []string{tt.woke}) {
				t.Errorf("%d %s, woke %q", w.Code, w.Body, r.woken)
			}
			if e := r.answers[0].Event; e.Source != "gitops-connector" || e.Reason != "Failed" {
				t.Errorf("read %+v", e)
			}
		})
	}
	r := receive(t, nil)
	for _, body := range []string{`{"phase":"Failed","resources":[]}`, `{"commitid": "` + sha + `"`, `{"commitid": "` + sha + `", "health": "x" "phase": "`, `{"kind":"Pod","commitid":"` + sha + `"}`} {
		if w := r.post("/gitopsphase", body, "Authorization", "Bearer new-bearer-token"); w.Code != 400 {
			t.Errorf("%s: %d", body, w.Code)
		}
	}
}

// The template in docs/connector.md, filled in by Argo CD.
func TestArgoTemplate(t *testing.T) {
	body := `{"kind":"Application","metadata":{"name":"shop","namespace":"argocd","annotations":{"a":"\"\n"}},"status":{"sync":{"revision":"abc"},"operationState":{"phase":"Succeeded"}},"timestamp":"2026-11-21T12:00:00Z"}`
	r := receive(t, nil)
	if w := r.post("/argocd", body, "Authorization", "Bearer new-bearer-token"); w.Code != 202 || !slices.Equal(r.wakes(), []string{"Application argocd/shop"}) {
		t.Errorf("%d %s, woke %q", w.Code, w.Body, r.woken)
	}
}

// The same bytes again change nothing, in whatever order and on whatever path; a later event does.
func TestReplay(t *testing.T) {
	r := receive(t, nil)
	proof := []string{"Authorization", "Bearer new-bearer-token"}
	for range 3 {
		for _, path := range []string{"/flux", "/gitopsphase"} {
			for _, name := range []string{"a", "b"} {
				if w := r.post(path, event(name, noon), proof...); w.Code != 202 {
					t.Fatal(w.Code)
				}
			}
		}
		r.wakes()
	}
	want := []string{"Kustomization flux-system/a", "Kustomization flux-system/b"}
	if !slices.Equal(r.woken, want) {
		t.Errorf("woke %q", r.woken)
	}
	r.post("/flux", event("a", noon.Add(time.Second)), proof...)
	if got := r.wakes(); len(got) != 3 {
		t.Errorf("a later event woke %q", got)
	}
}

// When the queue is full the sender is told to come back, and what it sent then is not taken for a repetition.
func TestBusy(t *testing.T) {
	r := receive(t, func(o *Options) { o.Waiting = 2 })
	proof := []string{"Authorization", "Bearer new-bearer-token"}
	for i, want := range []int{202, 202, 503} {
		w := r.post("/flux", event(fmt.Sprint("o", i), noon), proof...)
		if w.Code != want || (want == 503) != (w.Header().Get("Retry-After") == "5") {
			t.Fatalf("event %d: %d %q", i, w.Code, w.Header())
		}
	}
	if w := r.post("/flux", event("o0", noon.Add(time.Second)), proof...); w.Code != 202 {
		t.Errorf("a hint that waits already: %d", w.Code)
	}
	r.wakes()
	if w := r.post("/flux", event("o2", noon), proof...); w.Code != 202 || len(r.wakes()) != 3 {
		t.Errorf("again: %d, woke %q", w.Code, r.woken)
	}
}

// Large bodies that never end take what they sent, and no more than there is for all; then everybody else is still served.
func TestSlowBodies(t *testing.T) {
	r := receive(t, nil)
	server := httptest.NewUnstartedServer(nil)
	server.Config = r.HTTP()
	server.Config.ReadTimeout = 2 * time.Second
	server.Start()
	defer server.Close()
	var open []net.Conn
	for range 40 {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, conn)
		fmt.Fprintf(conn, "POST /flux HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-Signature: sha256=00\r\nContent-Length: %d\r\n\r\n{", MaxBody)
	}
	req, _ := http.NewRequest(http.MethodPost, server.URL+"/flux", strings.NewReader(event("a", noon)))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer new-bearer-token")
	res, err := http.DefaultClient.Do(req)
	if err != nil || res.StatusCode != 202 {
		t.Errorf("beside slow ones: %v %v", res, err)
	}
	if held := r.room.holds(); held > 40*piece {
		t.Errorf("slow bodies hold %d bytes", held)
	}
	for _, conn := range open {
		answer, _ := io.ReadAll(conn)
		if len(answer) > 0 && !bytes.HasPrefix(answer, []byte("HTTP/1.1 400")) {
			t.Errorf("a slow body got %q", answer)
		}
		conn.Close()
	}
	server.Close()
	if held := r.room.holds(); held != 0 {
		t.Errorf("%d bytes were not given back", held)
	}
}

// holds tells how much the bodies that are being read take.
func (m *room) holds() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.held
}

func TestRoomIsBounded(t *testing.T) {
	r := receive(t, nil)
	r.room.most = 100 << 10
	w := r.post("/flux", strings.Replace(event("a", noon), `"m"`, `"`+strings.Repeat("m", 200<<10)+`"`, 1), "Authorization", "Bearer new-bearer-token")
	if w.Code != 503 || r.room.held != 0 {
		t.Errorf("%d, held %d", w.Code, r.room.held)
	}
}

// Run wakes each once and ends with its context.
func TestRun(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	woken := make(chan string, 10)
	r := receive(t, func(o *Options) { o.Wake = func(h Hint) { woken <- h.Name } })
	ended := make(chan struct{})
	go func() { r.Run(ctx); close(ended) }()
	for _, name := range []string{"a", "b"} {
		r.post("/flux", event(name, noon), "Authorization", "Bearer new-bearer-token")
		if got := <-woken; got != name {
			t.Errorf("woke %s", got)
		}
	}
	stop()
	<-ended
	if r.Waiting() != 0 {
		t.Errorf("%d wait", r.Waiting())
	}
}

// Memory of bodies is bounded, and ends.
func TestRepeatsForget(t *testing.T) {
	s := newRepeats()
	for i := range 3 * maxKnown {
		s.add(fingerprint([]byte(fmt.Sprint(i))), noon.Add(time.Hour), noon)
	}
	if len(s.until) > maxKnown || !s.has(fingerprint([]byte(fmt.Sprint(3*maxKnown-1))), noon) {
		t.Errorf("%d are known", len(s.until))
	}
	s.add(fingerprint([]byte("x")), noon.Add(2*time.Hour), noon.Add(time.Hour))
	if len(s.until) != 1 {
		t.Errorf("%d are known an hour later", len(s.until))
	}
}

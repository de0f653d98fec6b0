package operate

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/release"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const hostile = "<script>alert(1)</script>\x1b[31m canary-secret-9f2c"

func view() View {
	door.NewToken("canary-secret-9f2c")
	verdict := func(env string, p connector.Phase, landed, deadline time.Duration) connector.Verdict {
		return connector.Verdict{Target: connector.Target{Environment: env, App: "shop", Commit: strings.Repeat("c", 40), Landed: noon.Add(landed), Deadline: noon.Add(deadline),
			Release: release.Release{Version: "1.4.0"}}, Phase: p, Text: hostile}
	}
	return View{
		State: connector.State{Cluster: "eu-1", Leading: true, Synced: true, Problems: []connector.Problem{{Object: "kustomizations", Text: hostile, Next: "grant list"}},
			Repositories: []connector.RepositoryState{{Name: "https://github.com/acme/gitops", Waiting: 3, Oldest: noon.Add(-time.Minute), Problem: hostile,
				Parked: []connector.Parked{{Destination: "github.com/acme/shop", Why: hostile}},
				Verdicts: []connector.Verdict{verdict("dev", connector.Healthy, -2*time.Hour, -time.Hour), verdict("qa", connector.Applying, -90*time.Minute, -30*time.Minute),
					verdict("qa", connector.Applying, -time.Minute, time.Hour)}}}},
		Units: []connector.Unit{{Engine: "flux", Kind: "Kustomization", Namespace: "flux-system", Name: "shop", Ready: connector.Condition{State: "True", Message: hostile},
			Origins: []connector.Origin{{Applied: connector.Revision{Kind: "git", Branch: "main", Algorithm: "sha1", Value: strings.Repeat("a", 40)}}}}},
		Hints: 2, Calls: map[string]door.Calls{"github.com/acme/gitops": {Reads: 10, NotModified: 4, Writes: 3, Retries: 1}},
		Quotas: []Quota{
			{"github.com", "/etc/ferry/token", "rest", door.Quota{Left: 120, Limit: 5000, Resets: noon.Add(time.Minute)}},
			{"github.com", "/etc/ferry/token", "graphql", door.Quota{Left: 7, Limit: 5000, Resets: noon.Add(-time.Minute)}},
		},
	}
}

// handler is one with everything well, that a test may change.
func handler(m *Metrics, change func(*Options)) http.Handler {
	yes := func() bool { return true }
	o := Options{View: view, Alive: yes, Listening: yes, Tokens: func() []door.Token { return []door.Token{door.NewToken("page-token")} }, Version: "1.2.3", Now: func() time.Time { return noon }}
	if change != nil {
		change(&o)
	}
	return Handler(o, m)
}

func get(h http.Handler, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestProbes(t *testing.T) {
	no := func() bool { return false }
	for name, tt := range map[string]struct {
		change      func(*Options)
		live, ready int
	}{
		"well":          {nil, 200, 200},
		"ended":         {func(o *Options) { o.Alive = no }, 503, 503},
		"not listening": {func(o *Options) { o.Listening = no }, 200, 503},
		"not synced":    {func(o *Options) { o.View = func() View { return View{} } }, 200, 503},
		// A forge that answers nothing is a problem to be shown, and no reason to take the webhooks away.
		"forge down": {func(o *Options) {
			o.View = func() View {
				v := view()
				v.Repositories[0].Problem, v.Repositories[0].Waiting = "connection refused", 900
				return v
			}
		}, 200, 200},
		"standing by": {func(o *Options) { o.View = func() View { return View{State: connector.State{Synced: true}} } }, 200, 200},
	} {
		t.Run(name, func(t *testing.T) {
			h := handler(NewMetrics("1"), tt.change)
			if live, ready := get(h, "/livez").Code, get(h, "/readyz").Code; live != tt.live || ready != tt.ready {
				t.Errorf("live %d, ready %d", live, ready)
			}
		})
	}
}

func scraped(t *testing.T) string {
	t.Helper()
	m := NewMetrics("1.2.3")
	nobody := errors.New("nobody")
	m.Webhook("flux", "queued", 3*time.Millisecond)
	m.Webhook("", "unproven", time.Millisecond)
	m.Evaluated("https://github.com/acme/gitops", 3, time.Second)
	for _, r := range []connector.PostResult{connector.Delivered, connector.Unchanged, connector.Retried, connector.Dropped} {
		m.Posted("github.com/acme/gitops", r)
	}
	m.Continued("https://github.com/acme/gitops", connector.TimedOut, nil)
	m.Continued("https://github.com/acme/gitops", connector.Healthy, io.EOF)
	m.Troubled("https://github.com/acme/gitops", hostile)
	m.Troubled("https://github.com/acme/gitops", "")
	m.Told("acceptance", nil, nobody)
	m.Told("acceptance", io.EOF, nobody)
	m.Told("acceptance", nobody, nobody)
	m.Ended(connector.Verdict{Target: connector.Target{Environment: "dev"}, Phase: connector.Healthy}, 90*time.Second)
	w := get(handler(m, nil), "/metrics")
	if w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestMetrics(t *testing.T) {
	text := scraped(t)
	for _, want := range []string{
		`ferry_build_info{version="1.2.3"} 1`,
		`ferry_connector_webhooks_total{result="queued",source="flux"} 1`,
		`ferry_connector_webhooks_total{result="unproven",source="unknown"} 1`,
		`ferry_connector_webhook_duration_seconds_bucket{le="0.005"} 2`,
		`ferry_connector_evaluations_total{repository="https://github.com/acme/gitops"} 1`,
		`ferry_connector_posts_total{destination="github.com/acme/gitops",result="parked"} 1`,
		`ferry_connector_continuations_total{phase="healthy",repository="https://github.com/acme/gitops",result="failed"} 1`,
		`ferry_connector_pipeline_messages_total{pipeline="acceptance",result="nobody"} 1`,
		`ferry_connector_promotion_duration_seconds_sum{environment="dev",phase="healthy"} 90`,
		`ferry_connector_troubles_total{repository="https://github.com/acme/gitops"} 1`,
		`ferry_connector_leader 1`, `ferry_connector_synced 1`, `ferry_connector_problems 1`, `ferry_connector_webhooks_waiting 2`,
		`ferry_connector_units{engine="flux",kind="Kustomization"} 1`,
		`ferry_connector_promotions{environment="qa",phase="applying"} 2`,
		`ferry_connector_oldest_unfinished_seconds{environment="qa"} 5400`,
		`ferry_connector_oldest_unfinished_seconds{environment="dev"} 0`,
		`ferry_connector_overdue_promotions{environment="qa"} 1`,
		`ferry_connector_statuses_waiting{repository="https://github.com/acme/gitops"} 3`,
		`ferry_connector_statuses_oldest_seconds{repository="https://github.com/acme/gitops"} 60`,
		`ferry_connector_parked{repository="https://github.com/acme/gitops"} 1`,
		`ferry_connector_repository_unreadable{repository="https://github.com/acme/gitops"} 1`,
		`ferry_connector_forge_requests_total{destination="github.com/acme/gitops",kind="unchanged"} 4`,
		`ferry_connector_forge_quota_remaining{credential="/etc/ferry/token",forge="github.com",resource="rest"} 120`,
		`ferry_connector_forge_quota_remaining{credential="/etc/ferry/token",forge="github.com",resource="graphql"} 5000`, // it counts anew
		`ferry_connector_forge_quota_limit{credential="/etc/ferry/token",forge="github.com",resource="rest"} 5000`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no line %s", want)
		}
	}
	if strings.Contains(text, "canary") || strings.Contains(text, "alert(1)") {
		t.Error("text from outside is in a label")
	}
}

// The page shows what the cluster says as text and nothing more, to who has a token.
func TestPage(t *testing.T) {
	h := handler(NewMetrics("1"), nil)
	for _, path := range []string{"/", "/state.json"} {
		for _, headers := range [][]string{nil, {"Authorization", "Bearer wrong"}, {"Authorization", "Bearer "}} {
			if w := get(h, path, headers...); w.Code != 401 || strings.Contains(w.Body.String(), "shop") || w.Header().Get("WWW-Authenticate") == "" {
				t.Errorf("%s with %q: %d %s", path, headers, w.Code, w.Body)
			}
		}
		w := get(h, path, "Authorization", "Bearer page-token")
		body := w.Body.String()
		if w.Code != 200 || !strings.Contains(body, "shop") || !strings.Contains(body, "alert(1)") || !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %d %s", path, w.Code, body)
		}
		if strings.Contains(body, "<script") || strings.Contains(body, "canary") || strings.Contains(body, "\x1b") {
			t.Errorf("%s shows %s", path, body)
		}
	}
	var s State
	if err := json.Unmarshal(get(h, "/state.json", "Authorization", "Basic eDpwYWdlLXRva2Vu").Body.Bytes(), &s); err != nil || len(s.Promotions) != 3 || len(s.Problems) != 3 || s.Cluster != "eu-1" {
		t.Errorf("%+v %v", s, err)
	}
	none := handler(NewMetrics("1"), func(o *Options) { o.Tokens = func() []door.Token { return nil } })
	if w := get(none, "/"); w.Code != 404 {
		t.Errorf("without tokens: %d", w.Code)
	}
	if w := get(none, "/", "Authorization", "Bearer "); w.Code != 404 {
		t.Errorf("without tokens: %d", w.Code)
	}
}

func TestPageIsBounded(t *testing.T) {
	h := handler(NewMetrics("1"), func(o *Options) {
		o.View = func() View {
			v := view()
			for range 3 * shown {
				v.Units = append(v.Units, v.Units[0])
			}
			return v
		}
	})
	if body := get(h, "/", "Authorization", "Bearer page-token").Body.String(); strings.Count(body, "flux-system/shop") != shown || !strings.Contains(body, "1001 more rows") {
		t.Errorf("%d rows", strings.Count(body, "flux-system/shop"))
	}
}

var metric = regexp.MustCompile(`\bferry_[a-z_]+`)

// Every metric that an alert or the dashboard speaks of exists, and every one of ours has a help text and an unit in its
// name where it has one.
func TestAlertsAndDashboardSpeakOfWhatExists(t *testing.T) {
	text := scraped(t)
	known := map[string]bool{}
	for _, line := range strings.Split(text, "\n") {
		if name := metric.FindString(line); name != "" && !strings.HasPrefix(line, "#") {
			known[name] = true
		}
	}
	used := map[string]bool{}
	for _, file := range []string{"alerts.yaml", "dashboard.json"} {
		data, err := os.ReadFile("../../deploy/connector/" + file)
		if err != nil {
			t.Fatal(err)
		}
		names := metric.FindAllString(string(data), -1)
		if len(names) < 5 {
			t.Errorf("%s speaks of %d metrics", file, len(names))
		}
		for _, name := range names {
			used[name] = true
			if !known[name] {
				t.Errorf("%s: there is no metric %s", file, name)
			}
		}
	}
	for name := range known {
		base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
		if !slices.Contains([]string{"ferry_build_info"}, name) && !used[name] && !used[base+"_bucket"] && !used[base+"_sum"] {
			t.Errorf("nobody looks at %s", name)
		}
	}
}

package door_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/door"
)

// What each forge says of its limits is read from the answers that come anyway; what is nonsense says nothing.
func TestQuotas(t *testing.T) {
	reset := time.Unix(1_800_000_000, 0)
	for name, tt := range map[string]struct {
		headers string
		want    door.Quota // without Told; the zero value = nothing is known
	}{
		"GitHub":              {"X-RateLimit-Limit: 5000\nX-RateLimit-Remaining: 4321\nX-RateLimit-Used: 679\nX-RateLimit-Reset: 1800000000\nX-RateLimit-Resource: core", door.Quota{Left: 4321, Limit: 5000, Resets: reset}},
		"GitLab":              {"RateLimit-Limit: 2000\nRateLimit-Remaining: 12\nRateLimit-Observed: 1988\nRateLimit-Reset: 1800000000\nRateLimit-Name: throttle_authenticated_api", door.Quota{Left: 12, Limit: 2000, Resets: reset}},
		"Azure DevOps":        {"X-RateLimit-Limit: 200\nX-RateLimit-Remaining: 33.5\nX-RateLimit-Delay: 0.250\nX-RateLimit-Reset: 1800000000", door.Quota{Left: 33.5, Limit: 200, Resets: reset}},
		"Bitbucket, much":     {"X-RateLimit-Limit: 1000\nX-RateLimit-NearLimit: false\nX-RateLimit-Resource: api", door.Quota{Left: 1000, Limit: 1000}},
		"Bitbucket, a fifth":  {"X-RateLimit-Limit: 1000\nX-RateLimit-NearLimit: true", door.Quota{Left: 200, Limit: 1000}},
		"nothing left":        {"X-RateLimit-Limit: 5000\nX-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1800000000", door.Quota{Limit: 5000, Resets: reset}},
		"Gitea says none":     {"X-Gitea-Request-Id: a", door.Quota{}},
		"no limit":            {"X-RateLimit-Remaining: 3", door.Quota{}},
		"a limit of nothing":  {"X-RateLimit-Limit: 0\nX-RateLimit-Remaining: 0", door.Quota{}},
		"words":               {"X-RateLimit-Limit: many\nX-RateLimit-Remaining: few", door.Quota{}},
		"less than nothing":   {"X-RateLimit-Limit: 10\nX-RateLimit-Remaining: -1", door.Quota{}},
		"no number":           {"X-RateLimit-Limit: NaN\nX-RateLimit-Remaining: Inf", door.Quota{}},
		"beyond all measures": {"X-RateLimit-Limit: 1e300\nX-RateLimit-Remaining: 5", door.Quota{}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLine(t, door.Options{}, func(w http.ResponseWriter, _ *http.Request) {
				for _, line := range strings.Split(tt.headers, "\n") {
					name, value, _ := strings.Cut(line, ": ")
					w.Header().Set(name, value)
				}
			})
			if _, err := l.http.Get(l.url + "/repos/acme/shop"); err != nil {
				t.Fatal(err)
			}
			have, known := l.Quotas()["rest"]
			told := have.Told
			have.Told = time.Time{}
			if have != tt.want || known != (tt.want != door.Quota{}) || known && !told.Equal(l.now) {
				t.Errorf("%+v, told %s", have, told)
			}
			if after := have.At(reset.Add(time.Second)); !have.Resets.IsZero() && after != have.Limit {
				t.Errorf("%v are left after the reset", after)
			}
			if before := have.At(reset.Add(-time.Second)); before != have.Left {
				t.Errorf("%v are left before the reset", before)
			}
		})
	}
}

// Points of GraphQL are counted by themselves, refusals tell too, and another server's answers tell nothing of this one.
func TestQuotasOfOneServer(t *testing.T) {
	says := func(w http.ResponseWriter, left string) {
		w.Header().Set("X-RateLimit-Limit", "5000")
		w.Header().Set("X-RateLimit-Remaining", left)
	}
	other := newLine(t, door.Options{}, func(w http.ResponseWriter, _ *http.Request) { says(w, "1") })
	l := newLine(t, door.Options{}, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/graphql":
			says(w, "77")
		case "/away":
			http.Redirect(w, r, other.url, http.StatusFound)
		default:
			says(w, "88")
			w.WriteHeader(http.StatusNotFound)
		}
	})
	for _, path := range []string{"/away", "/api/graphql", "/repos"} {
		if _, err := l.http.Get(l.url + path); err != nil {
			t.Fatal(err)
		}
	}
	if q := l.Quotas(); len(q) != 2 || q["graphql"].Left != 77 || q["rest"].Left != 88 {
		t.Errorf("%+v", q)
	}
	l = newLine(t, door.Options{}, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.url, http.StatusFound) })
	if _, err := l.http.Get(l.url); err != nil || len(l.Quotas()) > 0 {
		t.Errorf("another server: %+v %v", l.Quotas(), err)
	}
}

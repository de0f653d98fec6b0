package door

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Quota is what a server said that it leaves of one of its limits.
type Quota struct {
	Left, Limit float64   // in the server's unit: requests, or for Azure DevOps what they cost
	Resets      time.Time // when it counts anew; zero where it does not say
	Told        time.Time // when it said so
}

// At is what is left at a time: all of it, once the server counts anew.
func (q Quota) At(now time.Time) float64 {
	if !q.Resets.IsZero() && !now.Before(q.Resets) {
		return q.Limit
	}
	return q.Left
}

// Quotas gives the limits that the server told with its last answers: "rest", and where it is counted by itself "graphql".
// Nothing is asked for them.
func (t *Transport) Quotas() map[string]Quota {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make(map[string]Quota, len(t.quotas))
	for resource, q := range t.quotas {
		out[resource] = q
	}
	return out
}

// noteQuota keeps what an answer of the credential's own server tells.
func (t *Transport) noteQuota(req *http.Request, res *http.Response) {
	q, told := readQuota(res.Header)
	if !told || !t.home(req) {
		return
	}
	resource := "rest"
	if strings.HasSuffix(req.URL.Path, "/graphql") { // GitHub counts these in points of their own
		resource = "graphql"
	}
	q.Told = t.o.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.quotas == nil {
		t.quotas = map[string]Quota{}
	}
	t.quotas[resource] = q
}

// readQuota reads the headers by which forges tell it: X-RateLimit-* of GitHub and Azure DevOps, RateLimit-* of GitLab, all three
// with the time of the reset in seconds since 1970. Bitbucket Cloud says the limit and, in place of what is left, whether that
// is less than a fifth.
func readQuota(h http.Header) (Quota, bool) {
	for _, prefix := range []string{"X-RateLimit-", "RateLimit-"} {
		limit, ok := amount(h.Get(prefix + "Limit"))
		if !ok || limit == 0 {
			continue
		}
		q := Quota{Limit: limit}
		if q.Left, ok = amount(h.Get(prefix + "Remaining")); !ok {
			near, err := strconv.ParseBool(h.Get(prefix + "NearLimit"))
			if err != nil {
				continue
			}
			if q.Left = limit; near {
				q.Left = limit / 5
			}
		}
		if at, ok := amount(h.Get(prefix + "Reset")); ok && at > 0 {
			q.Resets = time.Unix(int64(at), 0)
		}
		return q, true
	}
	return Quota{}, false
}

// amount reads a number that is no nonsense.
func amount(s string) (float64, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return n, err == nil && n >= 0 && n <= math.MaxInt32*100
}

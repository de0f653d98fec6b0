package operate

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ferry-cd/ferry/connector"
)

// scrape looks at the connector when somebody asks, so that what is gone is gone from the metrics, too.
type scrape struct{ o Options }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prefix+name, help, labels, nil)
}

var (
	leading        = desc("leader", "1 where this replica writes.")
	synced         = desc("synced", "1 where the cluster's objects are all read.")
	units          = desc("units", "Objects of the engines that are watched.", "engine", "kind")
	promotions     = desc("promotions", "Promotions that are followed, by how far they are.", "environment", "phase")
	unfinished     = desc("oldest_unfinished_seconds", "Age of the oldest commit that waits for an end.", "environment")
	overdue        = desc("overdue_promotions", "Promotions whose deadline has passed without an end.", "environment")
	problems       = desc("problems", "Things a person has to mend before the cluster is read completely.")
	waiting        = desc("webhooks_waiting", "Hints of webhooks that wait for their turn.")
	undelivered    = desc("statuses_waiting", "Statuses that are still to be delivered.", "repository")
	undeliveredAge = desc("statuses_oldest_seconds", "Age of the oldest status that is still to be delivered.", "repository")
	parked         = desc("parked", "Statuses and continuations that cannot be delivered, or not for now.", "repository")
	unread         = desc("repository_unreadable", "1 where Git or ferry.yaml cannot be read.", "repository")
	calls          = desc("forge_requests_total", "Requests to forges: read, unchanged, write or repeated.", "destination", "kind")
	quotaLeft      = desc("forge_quota_remaining", "What a forge still allows a credential until it counts anew, as its last answer said; forges that do not say have none.", "forge", "credential", "resource")
	quotaLimit     = desc("forge_quota_limit", "What a forge allows a credential in all, in the same unit.", "forge", "credential", "resource")
)

// watch adds to the metrics what is looked up.
func (m *Metrics) watch(o Options) { m.registry.MustRegister(scrape{o}) }

// Describe implements prometheus.Collector.
func (s scrape) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{leading, synced, units, promotions, unfinished, overdue, problems, waiting, undelivered, undeliveredAge, parked, unread, calls, quotaLeft, quotaLimit} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (s scrape) Collect(out chan<- prometheus.Metric) {
	v := s.o.View()
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	gauge(leading, truth(v.Leading))
	gauge(synced, truth(v.Synced))
	gauge(problems, float64(len(v.Problems)))
	gauge(waiting, float64(v.Hints))
	kinds := map[[2]string]int{}
	for _, u := range v.Units {
		kinds[[2]string{u.Engine, u.Kind}]++
	}
	for k, n := range kinds {
		gauge(units, float64(n), k[0], k[1])
	}
	var verdicts []connector.Verdict
	for _, r := range v.Repositories {
		verdicts = append(verdicts, r.Verdicts...)
		s.delivery(r, gauge)
	}
	s.progress(verdicts, gauge)
	for _, q := range v.Quotas {
		gauge(quotaLeft, q.At(s.o.Now()), q.Forge, q.Credential, q.Resource)
		gauge(quotaLimit, q.Limit, q.Forge, q.Credential, q.Resource)
	}
	for name, c := range v.Calls {
		for kind, n := range map[string]int{"read": c.Reads - c.NotModified, "unchanged": c.NotModified, "write": c.Writes, "repeated": c.Retries} {
			out <- prometheus.MustNewConstMetric(calls, prometheus.CounterValue, float64(n), name, kind)
		}
	}
}

func (s scrape) delivery(r connector.RepositoryState, gauge func(*prometheus.Desc, float64, ...string)) {
	age := 0.0
	if !r.Oldest.IsZero() {
		age = s.o.Now().Sub(r.Oldest).Seconds()
	}
	gauge(undelivered, float64(r.Waiting), r.Name)
	gauge(undeliveredAge, age, r.Name)
	gauge(parked, float64(len(r.Parked)), r.Name)
	gauge(unread, truth(r.Problem != ""), r.Name)
}

func (s scrape) progress(verdicts []connector.Verdict, gauge func(*prometheus.Desc, float64, ...string)) {
	now := s.o.Now()
	count, oldest, late := map[[2]string]int{}, map[string]time.Duration{}, map[string]int{}
	for _, v := range verdicts {
		count[[2]string{v.Environment, string(v.Phase)}]++
		oldest[v.Environment] = max(oldest[v.Environment], 0)
		if v.Phase.End() {
			continue
		}
		if !v.Landed.IsZero() {
			oldest[v.Environment] = max(oldest[v.Environment], now.Sub(v.Landed))
		}
		if !v.Deadline.IsZero() && now.After(v.Deadline) {
			late[v.Environment]++
		}
	}
	for k, n := range count {
		gauge(promotions, float64(n), k[0], k[1])
	}
	for environment, age := range oldest {
		gauge(unfinished, age.Seconds(), environment)
		gauge(overdue, float64(late[environment]), environment)
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

package operate

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/ferry-cd/ferry/connector"
)

// Metrics are counted while things happen. It implements connector.Counter. Labels hold names from the configuration and
// words of this program, never text from outside, so their number is bounded.
type Metrics struct {
	registry *prometheus.Registry

	webhooks      *prometheus.CounterVec
	webhookTime   prometheus.Histogram
	evaluations   *prometheus.CounterVec
	evaluation    *prometheus.HistogramVec
	posts         *prometheus.CounterVec
	continuations *prometheus.CounterVec
	messages      *prometheus.CounterVec
	troubles      *prometheus.CounterVec
	promotions    *prometheus.HistogramVec
}

var _ connector.Counter = (*Metrics)(nil)

const prefix = "ferry_connector_"

// NewMetrics makes them, all zero.
func NewMetrics(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(),
		webhooks:      counter("webhooks_total", "Webhooks that came, by who sent them and what became of them.", "source", "result"),
		webhookTime:   prometheus.NewHistogram(histogram("webhook_duration_seconds", "Time until a webhook was answered.", .0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 10)),
		evaluations:   counter("evaluations_total", "Looks at everything in a repository.", "repository"),
		evaluation:    prometheus.NewHistogramVec(histogram("evaluation_duration_seconds", "Time of one look at everything in a repository.", .01, .05, .1, .5, 1, 5, 15, 60, 300), []string{"repository"}),
		posts:         counter("posts_total", "Attempts to say something to a forge, by result: delivered, unchanged, retried or parked.", "destination", "result"),
		continuations: counter("continuations_total", "Attempts to tell all pipelines of an end, by result: told or failed.", "repository", "phase", "result"),
		messages:      counter("pipeline_messages_total", "Attempts to tell one pipeline, by result: told, nobody or failed.", "pipeline", "result"),
		troubles:      counter("troubles_total", "Times that a repository became unreadable, or the reason changed.", "repository"),
		promotions: prometheus.NewHistogramVec(histogram("promotion_duration_seconds", "Time from the commit to the delivered end of a promotion.", 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400),
			[]string{"environment", "phase"})}
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "ferry_build_info", Help: "Version of the running ferry; always 1.", ConstLabels: prometheus.Labels{"version": version}})
	build.Set(1)
	m.registry.MustRegister(m.webhooks, m.webhookTime, m.evaluations, m.evaluation, m.posts, m.continuations, m.messages, m.troubles, m.promotions, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, labels)
}

func histogram(name, help string, buckets ...float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{Name: prefix + name, Help: help, Buckets: buckets}
}

// Webhook counts a webhook that was answered.
func (m *Metrics) Webhook(source, result string, took time.Duration) {
	if source == "" {
		source = "unknown"
	}
	m.webhooks.WithLabelValues(source, result).Inc()
	m.webhookTime.Observe(took.Seconds())
}

// Told counts an attempt to tell one pipeline; nobody is the error that says that nobody waits.
func (m *Metrics) Told(pipeline string, err, nobody error) {
	result := "told"
	switch {
	case errors.Is(err, nobody):
		result = "nobody"
	case err != nil:
		result = "failed"
	}
	m.messages.WithLabelValues(pipeline, result).Inc()
}

// Evaluated implements connector.Counter.
func (m *Metrics) Evaluated(repository string, _ int, took time.Duration) {
	m.evaluations.WithLabelValues(repository).Inc()
	m.evaluation.WithLabelValues(repository).Observe(took.Seconds())
}

// Posted implements connector.Counter.
func (m *Metrics) Posted(destination string, result connector.PostResult) {
	m.posts.WithLabelValues(destination, string(result)).Inc()
}

// Continued implements connector.Counter.
func (m *Metrics) Continued(repository string, phase connector.Phase, err error) {
	result := "told"
	if err != nil {
		result = "failed"
	}
	m.continuations.WithLabelValues(repository, string(phase), result).Inc()
}

// Troubled implements connector.Counter. What is the matter is for the log and the page: a label has no room for it.
func (m *Metrics) Troubled(repository, trouble string) {
	if trouble != "" {
		m.troubles.WithLabelValues(repository).Inc()
	}
}

// Ended implements connector.Counter.
func (m *Metrics) Ended(v connector.Verdict, took time.Duration) {
	m.promotions.WithLabelValues(v.Environment, string(v.Phase)).Observe(took.Seconds())
}

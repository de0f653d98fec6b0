package main

import (
	"io"
	"log/slog"
	"time"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/connector/operate"
	"github.com/ferry-cd/ferry/door"
)

// jsonLog writes one JSON object a line. Whatever is in it, no secret of this process is.
func jsonLog(w io.Writer, verbose bool) *slog.Logger {
	level := slog.LevelInfo
	if verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewJSONHandler(redacting{w}, &slog.HandlerOptions{Level: level}))
}

// redacting masks secrets in each line. A handler writes a whole line at once.
type redacting struct{ w io.Writer }

func (r redacting) Write(line []byte) (int, error) {
	if _, err := io.WriteString(r.w, door.Redact(string(line))); err != nil {
		return 0, err
	}
	return len(line), nil
}

// logged counts, and logs what a person may want to find later.
type logged struct {
	*operate.Metrics
	log *slog.Logger
}

// Posted implements connector.Counter.
func (l logged) Posted(destination string, result connector.PostResult) {
	l.Metrics.Posted(destination, result)
	if result == connector.Retried || result == connector.Dropped {
		l.log.Warn("a status was not delivered", "destination", destination, "result", string(result))
	}
}

// Troubled implements connector.Counter.
func (l logged) Troubled(repository, trouble string) {
	l.Metrics.Troubled(repository, trouble)
	if trouble == "" {
		l.log.Info("readable again", "repository", repository)
		return
	}
	l.log.Warn("cannot be read", "repository", repository, "why", trouble)
}

// Ended implements connector.Counter.
func (l logged) Ended(v connector.Verdict, took time.Duration) {
	l.Metrics.Ended(v, took)
	l.log.Info("ended", "repository", v.Repository, "environment", v.Environment, "app", v.App, "cluster", v.Cluster, "commit", v.Commit, "version", v.Release.Version,
		"phase", string(v.Phase), "text", door.Outside(v.Text).Cut(300).Line(), "seconds", int(took.Seconds()))
}

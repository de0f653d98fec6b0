package main

import (
	"context"
	"net/http"
	"strings"
	"sync"

	"github.com/ferry-cd/ferry/connector/config"
	"github.com/ferry-cd/ferry/door"
)

// tryPipelines asks each pipeline's host what can be asked without an effect, all at once.
func (r *running) tryPipelines(ctx context.Context) []finding {
	ca, err := r.certificates()
	if err != nil {
		return []finding{failed("pipelines", err, "")}
	}
	found := make([]finding, len(r.config.Pipelines))
	var all sync.WaitGroup
	for i, p := range r.config.Pipelines {
		all.Go(func() { found[i] = r.tryPipeline(ctx, p, ca) })
	}
	all.Wait()
	return found
}

func (r *running) tryPipeline(ctx context.Context, p config.Pipeline, ca []byte) finding {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	what := "pipeline " + p.Name
	note, err := r.host(p, ca).Try(ctx)
	if err != nil {
		return failed(what, unreachable(ctx, err), mendPipeline(err))
	}
	return finding{What: what, OK: true, Note: note}
}

// trySources asks the forge of each source repository that is named in full. Of a pattern nobody knows which there are.
func (r *running) trySources(ctx context.Context) []finding {
	found := make([]finding, len(r.config.Sources))
	var all sync.WaitGroup
	for i, s := range r.config.Sources {
		all.Go(func() { found[i] = r.trySource(ctx, s) })
	}
	all.Wait()
	return found
}

func (r *running) trySource(ctx context.Context, s config.Source) finding {
	what := "source " + destinationName(door.Redact(s.Pattern))
	if strings.Contains(s.Pattern, "*") {
		return finding{What: what, OK: true, Note: "is opened when a release names a repository of this form; the log says what is refused then"}
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	at, err := r.open(ctx, s.Pattern, s.Forge, s.Credentials)
	if err != nil {
		return failed(what, unreachable(ctx, err), mendSource)
	}
	f, err := askForge(ctx, at.forge)
	if err != nil {
		return failed(what, unreachable(ctx, err), mendSource)
	}
	f.What = what
	return f
}

const mendSource = "see docs/forges.md for the token that is needed, and whether the host is reached from here"

func mendPipeline(err error) string {
	switch code, _ := door.Refusal(err); code {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "give the pipeline a token that is valid there and has the rights that docs/connector.md names"
	case http.StatusNotFound:
		return "see that what the pipeline names is spelled as the host spells it, and that the token may see it"
	}
	return "see that the address is right and reached from here; a host in a private network needs allowPrivate: true"
}

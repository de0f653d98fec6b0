package pipeline

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/ferry-cd/ferry/door"
)

// What is asked of a host here changes nothing there: whether it is reached, and where a read tells, whether it takes the
// token and has what is named. Whether the token may also start something, only a start would tell.

const takes = "the host takes the token and has what is named; whether it may be started, only a start would tell"

func (h *host) try(ctx context.Context, path string) (string, error) {
	return takes, h.call(ctx, http.MethodGet, path, nil, nil)
}

// Try implements Host.
func (d dispatch) Try(ctx context.Context) (string, error) { return d.try(ctx, d.look) }

// Try implements Host.
func (e event) Try(ctx context.Context) (string, error) {
	return e.try(ctx, strings.TrimSuffix(e.path, "/dispatches"))
}

// Try implements Host.
func (d deployment) Try(ctx context.Context) (string, error) { return d.try(ctx, d.path+"?per_page=1") }

// Try implements Host.
func (r run) Try(ctx context.Context) (string, error) {
	return r.try(ctx, strings.Replace(r.path, "/runs?", "?", 1))
}

// Try implements Host.
func (t task) Try(ctx context.Context) (string, error) {
	return t.try(ctx, "/build/builds?$top=1&api-version=7.1")
}

// Try implements Host. A trigger token opens nothing but the trigger.
func (t trigger) Try(ctx context.Context) (string, error) {
	return "the host answers; a trigger token can only be tried by starting a pipeline", t.reach(ctx, http.MethodGet, "/version")
}

// Try implements Host.
func (w webhook) Try(ctx context.Context) (string, error) {
	if signatures(w.keys(), "") == "" {
		return "", errNoKey
	}
	return "the host answers; whether it knows the key, only a message tells", w.reach(ctx, http.MethodHead, "")
}

// reach is content with every answer of the host itself; one of a gateway before it says that it is down.
func (h *host) reach(ctx context.Context, method, path string) error {
	err := h.call(ctx, method, path, nil, nil)
	switch code, _ := door.Refusal(err); {
	case errors.Is(err, errElsewhere):
		return nil
	case code == 0, code == http.StatusBadGateway, code == http.StatusServiceUnavailable, code == http.StatusGatewayTimeout:
		return err
	}
	return nil
}

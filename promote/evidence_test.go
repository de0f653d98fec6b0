package promote_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/scm"
)

// counted is a forge that tells of many commits at once, and counts what it is asked.
type counted struct {
	promote.Forge
	single, bulk, listed int
	largest              int
}

func (c *counted) Statuses(ctx context.Context, sha string) ([]scm.Status, error) {
	c.single++
	return c.Forge.Statuses(ctx, sha)
}

func (c *counted) PullRequests(ctx context.Context, f scm.Filter) ([]scm.PullRequest, error) {
	c.listed++
	return c.Forge.PullRequests(ctx, f)
}

func (c *counted) StatusesOf(ctx context.Context, shas, trusted []string) (map[string][]scm.Status, error) {
	c.bulk++
	if !slices.Equal(trusted, []string{"connector"}) {
		return nil, fmt.Errorf("trusted are %v", trusted)
	}
	c.largest = max(c.largest, len(shas))
	all := map[string][]scm.Status{}
	for _, sha := range shas {
		statuses, err := c.Forge.Statuses(ctx, sha)
		if err != nil {
			return nil, err
		}
		all[sha] = statuses
	}
	return all, nil
}

// An advance with nothing to do asks for a hundred commits at a time, and for the pull requests once.
func TestNothingToDoIsFewCalls(t *testing.T) {
	const apps = 12
	config := ferryYAML
	for n := range apps {
		config = strings.Replace(config, "environments:\n", fmt.Sprintf("  - {name: app-%d, source: {repository: https://example.com/acme/apps, path: app-%d}, namespace: app-%d}\nenvironments:\n", n, n, n), 1)
	}
	w := newWorld(t, config, nil)
	for n := range apps {
		app := fmt.Sprintf("app-%d", n)
		w.templates(app, map[string]string{"deployment.yaml.tmpl": deployment})
		w.tick()
		if _, err := w.submit(w.release(app, int64(n+1))); err != nil {
			t.Fatal(err)
		}
		if n%2 == 0 {
			w.says("connector", "dev", app, scm.Success)
		}
	}
	for range 4 {
		w.advance()
	}
	p := w.ferry()
	forge := &counted{Forge: p.Forge}
	p.Forge = forge
	report, err := p.Advance(w.ctx, promote.Options{})
	if err != nil || report.Errors() != nil {
		t.Fatal(err, report.Errors())
	}
	if forge.single != 0 || forge.bulk == 0 || forge.bulk > 2 || forge.largest < apps || forge.listed > 1 {
		t.Errorf("%d single reads, %d calls for up to %d commits, %d lists", forge.single, forge.bulk, forge.largest, forge.listed)
	}
}

package helm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/render"
)

// sortHooks says which hooks are printed. Tests never are; others only where someone will run them as hooks: Argo CD
// does, Flux would apply them like any other resource. The rest stops the render.
func sortHooks(hooks []*hook, r render.Request) (kept []*hook, notices []string, err error) {
	var refused []*hook
	for _, h := range hooks {
		switch {
		case slices.Contains(h.Events, testEvent):
			notices = append(notices, fmt.Sprintf("%s: test %s %s is left out", h.Path, h.Kind, h.Name))
		case r.KeepHooks || r.Hooks == "keep" || r.Hooks == "" && r.Engine == "argocd":
			kept = append(kept, h)
		case r.Hooks == "drop":
			notices = append(notices, fmt.Sprintf("%s: hook %s %s is left out", h.Path, h.Kind, h.Name))
		default:
			refused = append(refused, h)
		}
	}
	if len(refused) > 0 {
		return nil, nil, &HookError{Dir: r.Dir, Engine: r.Engine, Hooks: describe(refused)}
	}
	return kept, notices, nil
}

func describe(hooks []*hook) []Hook {
	var out []Hook
	for _, h := range hooks {
		out = append(out, Hook{Template: h.Path, Kind: h.Kind, Name: h.Name, Events: h.Events})
	}
	return out
}

// Hook is a resource that Helm would run at a moment of its own.
type Hook struct {
	Template string
	Kind     string
	Name     string
	Events   []string
}

// HookError lists the hooks that nobody would run as hooks.
type HookError struct {
	Dir    string
	Engine string
	Hooks  []Hook
}

func (e *HookError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "chart in %s has hooks, which only Helm or Argo CD run at their moment:", e.Dir)
	for _, h := range e.Hooks {
		fmt.Fprintf(&b, "\n  %s: %s hook, %s %s", h.Template, strings.Join(h.Events, ","), h.Kind, h.Name)
	}
	return b.String()
}

// Hint is the recipe.
func (e *HookError) Hint() string {
	return "with engine: argocd they are kept; elsewhere leave them out (hooks: drop), switch them off with a value of the chart, or make them plain " +
		"resources (hooks: keep, and for a Job a name that changes with the release, because a Job cannot be changed)"
}

// ExitCode says that this was refused, not broken.
func (e *HookError) ExitCode() int { return 3 }

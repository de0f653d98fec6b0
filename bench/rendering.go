package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Promises about rendering.
const (
	helmBar          = 20 // times less CPU than the command line
	kustomizeBar     = 10
	mixedBar         = 10
	renderMemory     = 300_000_000
	manyResources    = 4000
	manyResourcesBar = 3 * time.Second
	unchangedApps    = 1000
	unchangedBar     = 1500 * time.Millisecond
)

var renderBars = map[string]float64{"helm": helmBar, "kustomize": kustomizeBar, "mixed": mixedBar}

// rendering measures 50 apps in three environments: by the command lines of Helm and kustomize, one process for each app
// and environment, and by one ferry, which renders them all, or plans them.
func (b *bench) rendering(ctx context.Context) error {
	apps, times := manyApps, 3
	if b.smoke {
		apps, times = fewApps, 1
	}
	for _, m := range matrices(filepath.Join(b.dir, "matrix"), apps) {
		s, err := b.stage(ctx, m, os.DirFS(filepath.Join("testdata", "charts", "storefront")))
		if err != nil {
			return err
		}
		if err := s.measure(ctx, times); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

// measure takes turns, so that whatever else the machine does hits all alike.
func (s *stage) measure(ctx context.Context, times int) error {
	sides := []*side{
		{who: "command line, one by one", run: func() (cost, error) { return s.commandLines(ctx, 1) }},
		{who: "command line, two at a time", run: func() (cost, error) { return s.commandLines(ctx, 2) }, once: true},
		{who: "ferry render --all", run: func() (cost, error) { return s.ferry(ctx, "render", "--all") }, ours: true},
		{who: "ferry plan", run: func() (cost, error) { return s.ferry(ctx, "plan") }, ours: true, judged: true},
	}
	for n := range times {
		for _, side := range sides {
			if side.once && n > 0 {
				continue
			}
			c, err := side.run()
			if err != nil {
				return err
			}
			side.costs = append(side.costs, c)
		}
	}
	s.compare(sides)
	return nil
}

// side is one way to render everything.
type side struct {
	who    string
	run    func() (cost, error)
	once   bool
	ours   bool // compared with the first of all
	judged bool // held to the bar
	costs  []cost
}

// compare judges the plan, which does more than the command lines: it reads what is there, compares, judges each resource
// and tells people.
func (s *stage) compare(sides []*side) {
	b, bar := s.bench, renderBars[s.name]
	alone := median(sides[0].costs)
	for _, side := range sides {
		r := renderRow{set: s.name, who: side.who, cost: median(side.costs), renders: s.renders()}
		if side.ours {
			r.ratio = float64(alone.cpu) / float64(r.cpu)
		}
		if side.judged {
			kept := r.ratio >= bar
			r.kept = b.result(row{bar: "ratio", kept: kept})
			b.rows = append(b.rows, row{what: fmt.Sprintf("%s: CPU of %d renders", s.name, r.renders), bar: fmt.Sprintf(">= %.0fx less", bar),
				ferry: seconds(r.cpu), peer: fmt.Sprintf("%s: %.1fx", seconds(alone.cpu), r.ratio), kept: kept})
			if s.name == "mixed" {
				b.rows = append(b.rows, row{what: "mixed: memory of a plan", bar: "<= " + megabytes(renderMemory), ferry: megabytes(r.rss), peer: "largest process: " + megabytes(alone.rss), kept: r.rss <= renderMemory})
			}
		}
		b.renders = append(b.renders, r)
	}
}

// renderRow is one line of the published table.
type renderRow struct {
	set, who string
	cost
	renders int
	ratio   float64 // of the CPU of the command lines, one by one; 0 where this is one of them
	kept    string
}

// call is one command line.
type call struct {
	program string
	args    []string
}

// calls are the command lines for every app in every environment.
func (s *stage) calls() []call {
	var all []call
	for _, a := range s.apps {
		for _, env := range s.environments {
			if a.kind == "kustomize" {
				all = append(all, call{s.bench.kustomize, []string{"build", filepath.Join(s.root, "overlays", a.name, env)}})
				continue
			}
			all = append(all, call{s.bench.helm, []string{"template", a.name, filepath.Join(s.root, "charts", a.name), "--namespace", a.name,
				"--kube-version", kubeVersion, "--include-crds", "--skip-tests",
				"--values", filepath.Join(s.root, "values", a.name+".yaml"), "--values", filepath.Join(s.root, "values", env, a.name+".yaml")}})
		}
	}
	return all
}

// commandLines runs them, some at a time. What they print is thrown away, which is the least they can do.
func (s *stage) commandLines(ctx context.Context, workers int) (cost, error) {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	var mu sync.Mutex
	var total cost
	begin := time.Now()
	for _, c := range s.calls() {
		group.Go(func() error {
			one, err := s.bench.measured(ctx, s.root, c.program, c.args...)
			mu.Lock()
			total = total.plus(one)
			mu.Unlock()
			return err
		})
	}
	err := group.Wait()
	total.wall = time.Since(begin)
	return total, err
}

// ferry renders all these apps, or plans what a GitOps repository with them needs when nothing is deployed yet.
func (s *stage) ferry(ctx context.Context, command ...string) (cost, error) {
	return s.bench.measured(ctx, s.root, s.bench.ferry, append(command, "--repo", s.gitops)...)
}

func (m *matrix) renders() int { return len(m.apps) * len(m.environments) }

// peer finds a command line at go.mod's version.
func peer(ctx context.Context, name string) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "tool", "-n", name).Output()
	if err != nil {
		return "", fmt.Errorf("build %s: %w", name, err)
	}
	// The path is that of a cache; running it once sees to it that it is there.
	return strings.TrimSpace(string(out)), exec.CommandContext(ctx, "go", "tool", name, "version").Run()
}

// writeTable puts the figures of this run into a page, between the two marks of the table.
func (b *bench) writeTable(file string) error {
	page, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	const begin, end = "<!-- rendering -->\n", "<!-- end -->\n"
	before, rest, ok := strings.Cut(string(page), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return fmt.Errorf("%s: no place for the table: %q and %q are missing", file, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return os.WriteFile(file, []byte(before+begin+b.table()+end+after), 0o644)
}

func (b *bench) table() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%d cores, %s/%s, %s; helm and kustomize at go.mod's versions; medians.\n\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	out.WriteString("| set | who | renders | CPU | wall | renders per CPU second | peak memory | CPU against the command line | |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, r := range b.renders {
		ratio := ""
		if r.ratio > 0 {
			ratio = fmt.Sprintf("%.1fx less", r.ratio)
		}
		if r.kept != "" {
			ratio += fmt.Sprintf(" (bar %.0fx)", renderBars[r.set])
		}
		fmt.Fprintf(&out, "| %s | %s | %d | %s | %s | %.0f | %s | %s | %s |\n", r.set, r.who, r.renders, seconds(r.cpu), seconds(r.wall),
			float64(r.renders)/r.cpu.Seconds(), megabytes(r.rss), ratio, r.kept)
	}
	out.WriteString("\n| what | bar | ferry | beside it | |\n| --- | --- | --- | --- | --- |\n")
	for _, r := range b.rows {
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s |\n", r.what, r.bar, r.ferry, r.peer, b.result(r))
	}
	return out.String()
}

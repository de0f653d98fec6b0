package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/connector/cluster"
	"github.com/ferry-cd/ferry/connector/config"
	"github.com/ferry-cd/ferry/connector/hooks"
	"github.com/ferry-cd/ferry/connector/operate"
	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/report"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/source"
)

func (a *app) connectorCheckCommand() *cli.Command {
	var o connectorOptions
	return &cli.Command{
		Name:  "check",
		Usage: "try everything that connector.yaml names: secrets, repositories, sources, pipelines, rights in the cluster, webhooks; writes nothing",
		Flags: append(connectorFlags(&o), &cli.StringFlag{Name: "output", Aliases: []string{"o"}, Destination: &o.output, Usage: "`FORMAT`: json (default: lines)"}),
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usagef("ferry connector check takes no arguments, not %q", c.Args().First())
			}
			if o.output != "" && o.output != "json" {
				return usagef("-o %s: there is json", o.output)
			}
			return a.checkConnector(c.Context, o)
		},
	}
}

// finding is one thing that was tried.
type finding struct {
	What string `json:"what"` // secret webhooks.signing[0], repository github.com/acme/gitops
	OK   bool   `json:"ok"`
	Note string `json:"note"`          // what was found, or the cause
	Fix  string `json:"fix,omitempty"` // what to do about the cause
}

// triedDocument is everything that was tried, as JSON.
type triedDocument struct {
	form
	Found []finding `json:"found"`
}

// checkTime bounds each thing that is tried: a host that does not answer is a finding, too.
const checkTime = 10 * time.Second

func (a *app) checkConnector(ctx context.Context, o connectorOptions) error {
	cfg, err := a.readConnectorConfig(o.config)
	if err != nil {
		return err
	}
	r := &running{app: a, o: o, config: cfg, secrets: config.NewKeeper(a.Getenv), log: jsonLog(a.journal(), o.verbose), metrics: operate.NewMetrics(version)}
	found := slices.Concat([]finding{{What: o.config, OK: true, Note: fmt.Sprintf("%d repositories, %d pipelines", len(cfg.Repositories), len(cfg.Pipelines))}},
		r.trySecrets(), r.tryRepositories(ctx), r.trySources(ctx), r.tryPipelines(ctx), r.tryCluster(ctx), r.tryWebhooks())
	if err := a.tellFindings(found, o.output); err != nil {
		return err
	}
	bad := 0
	for _, f := range found {
		if !f.OK {
			bad++
		}
	}
	if bad > 0 {
		return &unfitError{bad}
	}
	return nil
}

// unfitError says that a connector would not work.
type unfitError struct{ n int }

func (e *unfitError) Error() string {
	if e.n == 1 {
		return "1 thing keeps the connector from working"
	}
	return fmt.Sprintf("%d things keep the connector from working", e.n)
}

func (a *app) tellFindings(found []finding, format string) error {
	if format == "json" {
		return writeJSON(a.Out, triedDocument{current, found})
	}
	for _, f := range found {
		mark := "ok  "
		if !f.OK {
			mark = "FAIL"
		}
		fmt.Fprintf(a.Out, "%s  %s: %s\n", mark, scm.Text(f.What), scm.Text(door.Redact(f.Note)))
		if f.Fix != "" {
			fmt.Fprintf(a.Out, "      fix: %s\n", scm.Text(f.Fix))
		}
	}
	return nil
}

// failed makes a finding of an error, with the hint that it has.
func failed(what string, err error, fix string) finding {
	var h hinter
	if errors.As(err, &h) && h.Hint() != "" {
		fix = h.Hint()
	}
	return finding{What: what, Note: err.Error(), Fix: fix}
}

func (r *running) trySecrets() []finding {
	var out []finding
	all := r.config.Secrets()
	for _, at := range slices.Sorted(maps.Keys(all)) {
		f := finding{What: "secret " + at, OK: true, Note: "is in " + all[at].String()}
		if _, err := r.secrets.Read(all[at]); err != nil {
			f = failed("secret "+at, err, "")
		}
		out = append(out, f)
	}
	return out
}

// tryRepositories reads each repository and its ferry.yaml, and asks the forge what the credentials may do. It tries all
// at once: where one host hangs, so do all repositories on it.
func (r *running) tryRepositories(ctx context.Context) []finding {
	found := make([][]finding, len(r.config.Repositories))
	var all sync.WaitGroup
	slots := make(chan struct{}, 32) // repositories that are read at once
	for i, c := range r.config.Repositories {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			found[i] = r.tryWithin(ctx, c)
		})
	}
	all.Wait()
	return slices.Concat(found...)
}

func (r *running) tryWithin(ctx context.Context, c config.Repository) []finding {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	what := "repository " + destinationName(door.Redact(c.URL))
	found, err := r.tryRepository(ctx, c)
	if err != nil {
		return []finding{failed(what, unreachable(ctx, err), "see docs/forges.md for the token that is needed, and whether the host is reached from here")}
	}
	for i := range found {
		found[i].What = what
	}
	return found
}

// unreachable says that time was over instead of what was interrupted by it.
func unreachable(ctx context.Context, err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("the host did not answer within %s: %w", checkTime, err)
	}
	return err
}

func (r *running) tryRepository(ctx context.Context, c config.Repository) ([]finding, error) {
	at, err := r.open(ctx, c.URL, c.Forge, c.Credentials)
	if err != nil {
		return nil, err
	}
	s, err := (&promote.Promoter{Repo: at.repo, Sources: source.NewStore(at.repo), Words: report.Words(), Now: r.Now, Version: version}).Load(ctx, promote.Scope{})
	if err != nil {
		return nil, err
	}
	out := []finding{{OK: true, Note: fmt.Sprintf("ferry.yaml of %s has %d apps in %d environments", s.DefaultBranch, len(s.Config.Apps), len(s.Config.Environments))}}
	out = append(out, missingEnvironments(c, s.Config)...)
	if self, ok := heard(ctx, at.forge, s.Config.Trust.Connector); !ok {
		out = append(out, finding{Note: fmt.Sprintf("no gate will count what the connector says: trust.connector of ferry.yaml does not name %s", self), Fix: "name " + self + " there"})
	}
	allowed, err := askForge(ctx, at.forge)
	return append(out, allowed), err
}

// askForge asks what the credentials may do, where the forge tells.
func askForge(ctx context.Context, forge scm.Client) (finding, error) {
	permitted, tells := forge.(scm.Permitted)
	if !tells {
		who, err := forge.Self(ctx)
		if err != nil {
			return finding{}, fmt.Errorf("ask the forge: %w", err)
		}
		return finding{OK: true, Note: "the forge knows the connector as " + who}, nil
	}
	p, err := permitted.Permissions(ctx)
	if err != nil {
		return finding{}, fmt.Errorf("ask the forge what the credentials may do: %w", err)
	}
	return allowedTo(p), nil
}

// missingEnvironments names what connector.yaml asks for and ferry.yaml does not have.
func missingEnvironments(c config.Repository, cfg *environments.Config) []finding {
	var names []string
	for _, e := range cfg.Environments {
		names = append(names, e.Name)
	}
	var out []finding
	for _, e := range c.Environments {
		if !slices.Contains(names, e) {
			out = append(out, finding{Note: fmt.Sprintf("ferry.yaml has no environment %q", e), Fix: environments.DidYouMean(e, names)})
		}
	}
	return out
}

// proposing are the words by which forges name rights that promotions need and a connector does not: it reads, and posts
// statuses.
var proposing = []string{"pull request", "contents", "create branch", "force push"}

func allowedTo(p scm.Permissions) finding {
	f := finding{OK: true, Note: "the credentials may read and post statuses"}
	if len(p.Unknown) > 0 {
		f.Note = "the forge does not tell whether the credentials may: " + strings.Join(p.Unknown, ", ")
	}
	var lacking []string
	for _, m := range p.Missing {
		if !slices.ContainsFunc(proposing, func(w string) bool { return strings.Contains(strings.ToLower(m), w) }) {
			lacking = append(lacking, m)
		}
	}
	if len(lacking) > 0 {
		f = finding{Note: "the credentials lack: " + strings.Join(lacking, ", "), Fix: "give the token these rights; docs/forges.md"}
	}
	if p.Expires != "" {
		f.Note += "; they end " + p.Expires
	}
	return f
}

// tryWebhooks sees that somebody could prove who they are.
func (r *running) tryWebhooks() []finding {
	w := r.config.Webhooks
	if w == nil {
		return nil
	}
	_, err := hooks.New(hooks.Options{Wake: func(hooks.Hint) {}, Signing: r.secrets.All(w.Signing), Tokens: r.secrets.All(w.Tokens), Open: r.o.open})
	if err != nil {
		return []finding{failed("webhooks", err, "")}
	}
	return []finding{{What: "webhooks", OK: true, Note: fmt.Sprintf("%d keys, %d tokens", len(w.Signing), len(w.Tokens))}}
}

func (r *running) tryCluster(ctx context.Context) []finding {
	access, err := cluster.Connect(r.o.kubeconfig, r.o.context, "ferry-connector-check/"+version)
	if err != nil {
		return []finding{failed("cluster", err, "")}
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	var election *cluster.Election
	if !r.o.alone {
		election = r.elect(access)
	}
	has, missing, err := cluster.Missing(ctx, access, r.config.Namespaces, election)
	if err != nil {
		return []finding{failed("cluster "+access.Host, unreachable(ctx, err), "see that the address is right and reached from here, and that the credentials are valid")}
	}
	engines := finding{What: "cluster " + access.Host, OK: true, Note: "it has " + strings.Join(has, ", ")}
	if !slices.ContainsFunc([]string{"Kustomization", "HelmRelease", "Application"}, func(kind string) bool { return slices.Contains(has, kind) }) {
		engines = finding{What: engines.What, Note: "no Kustomization, HelmRelease or Application is defined: there is neither Flux nor Argo CD",
			Fix: "install one of them; a connector that runs picks it up by itself"}
	}
	out := []finding{engines}
	for _, p := range missing {
		out = append(out, finding{What: p.Object, Note: p.Text, Fix: p.Next})
	}
	return out
}

package setup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/promote"
)

// grace is how long after a merge nobody has to have reported.
const grace = 10 * time.Minute

// forgotten is how long a hold without an end may stand before it is asked about.
const forgotten = 14 * 24 * time.Hour

// patience is how long a registry may take to answer.
const patience = 10 * time.Second

// repository reads the configuration and everything that lies in it; false where there is none.
func (e *examination) repository(ctx context.Context) bool {
	s, err := e.Promoter.Load(ctx, promote.Scope{})
	var wrong environments.Problems
	switch {
	case errors.As(err, &wrong):
		for _, p := range wrong {
			e.add("configuration", Bad, p.Error(), "ferry.yaml on the default branch has a mistake", "ferry validate lists them all, also before they are pushed")
		}
	case errors.Is(err, git.ErrNotFound):
		e.add("repository-missing", Bad, "there is no such repository, or ferry's token may not read it", err.Error(), hintOf(err, "look at its address"))
	case err != nil:
		e.add("repository", Bad, err.Error(), "ferry reads everything from there", hintOf(err, "mend it, and run this again"))
	}
	e.snapshot = s
	return err == nil
}

// files looks at what the configuration names, and at what it promises less than it seems to.
func (e *examination) files(ctx context.Context) {
	src := e.snapshot.Files(ctx, e.Promoter)
	var wrong environments.Problems
	if err := e.snapshot.Config.CheckFiles(src); errors.As(err, &wrong) {
		for _, p := range wrong {
			e.add("file-missing", Bad, p.Error(), "what is rendered reads it", "add it, or mark it as optional with ?")
		}
	}
	if e.Policies != nil {
		for _, p := range e.Policies(e.snapshot.Config, src) {
			e.add("policy", Bad, p.Error(), "a policy that cannot be read refuses everything", "see docs/rendering.md")
		}
	}
	for _, app := range e.snapshot.Config.Apps {
		if app.Source.Repository == Unknown {
			e.add("source-unnamed", Bad, "nobody has said where the templates of "+app.Name+" come from", "its source is "+Unknown+", as ferry init wrote it", "name the repository in ferry.yaml; every release from another is refused")
		}
	}
	for _, w := range e.snapshot.Config.Warnings() {
		e.add("configuration-warning", Warning, w, "it promises less than it seems to", "ferry explain tells about each key")
	}
}

// state looks at what runs, and at who says how it does.
func (e *examination) state(ctx context.Context) {
	m, err := e.Promoter.Status(ctx, e.snapshot, nil, promote.Scope{})
	if err != nil {
		e.add("state", Bad, "the state of the environments cannot be read", err.Error(), hintOf(err, "mend it, and run this again"))
		return
	}
	e.reporters(m)
	for _, c := range m.Cells {
		if c.State == "unreadable" {
			e.add("record-unreadable", Bad, fmt.Sprintf("the record of %s in %s cannot be read", c.App, c.Environment), c.Why, "take the folder's release.lock back to what ferry wrote: git log shows it")
		}
	}
	for _, o := range m.Orphans {
		e.add("orphan", Warning, fmt.Sprintf("%s on %s holds %s, which ferry.yaml does not name", o.Folder, o.Branch, o.App), "nobody looks after it, and the engine still applies it", "remove the folder, or bring the app back and use ferry retire")
	}
	for _, h := range m.Holds {
		if h.Until.IsZero() && h.Rollback == nil && h.Hotfix == nil && h.Retire == nil && !h.Since.IsZero() && e.Now.Sub(h.Since) > forgotten {
			e.add("hold-forgotten", Warning, "a hold by "+h.By+" has stood since "+h.Since.Format("2006-01-02"), h.Reason, "ferry resume takes it back")
		}
	}
	for _, o := range m.Unreviewed {
		e.add("override-unreviewed", Warning, fmt.Sprintf("nobody has confirmed what %s passed for %s in %s", o.By, o.App, o.Environment), o.Reason, "ferry status names what is asked for")
	}
}

// reporters looks for environments of which nobody has said anything.
func (e *examination) reporters(m promote.Matrix) {
	conf := e.snapshot.Config
	for _, environment := range m.Environments {
		if !e.reported(environment) {
			continue
		}
		if len(conf.Trust.Connector) == 0 && e.byConnector(environment) {
			e.add("trust-empty", Warning, "whoever may post a status can say that releases are healthy in "+environment, "trust.connector in ferry.yaml is empty, so everybody's statuses count", "name the account of the connector there, or whoever runs ferry report")
		}
		var silent, said []promote.Cell
		for _, c := range m.Cells {
			switch {
			case c.Environment != environment || c.Version == "":
			case c.State == "missing" && e.Now.Sub(c.Since) > grace:
				silent = append(silent, c)
			case c.State != "missing":
				said = append(said, c)
			}
		}
		if len(silent) == 0 {
			continue
		}
		if len(said) == 0 {
			e.add("never-reported", Warning, "nobody has ever reported how releases do in "+environment, silent[0].Why, "install the connector there (docs/connector.md), let a pipeline use ferry report, or say health: {from: merged}")
			continue
		}
		for _, c := range silent {
			e.add("not-reported", Warning, fmt.Sprintf("nobody has reported how %s %s does in %s", c.App, c.Version, environment), c.Why, "see whether a unit of the cluster tracks its folder, and every declared cluster has a connector")
		}
	}
}

// reported tells whether somebody has to report the health of an environment, since something comes after it.
func (e *examination) reported(environment string) bool {
	after := slices.ContainsFunc(e.placements(), func(p environments.Placement) bool { return slices.Contains(p.After, environment) })
	return after && slices.ContainsFunc(e.placements(), func(p environments.Placement) bool { return p.Environment == environment && p.Health.From != "merged" })
}

func (e *examination) byConnector(environment string) bool {
	return slices.ContainsFunc(e.placements(), func(p environments.Placement) bool {
		return p.Environment == environment && (p.Health.From == "connector" || p.Health.From == "")
	})
}

// plan asks what would happen now: whatever cannot be rendered or proposed shows.
func (e *examination) plan(ctx context.Context) {
	plan, err := e.Promoter.Plan(ctx, e.snapshot, promote.Options{})
	if err != nil {
		e.add("plan", Bad, "nothing can be planned", err.Error(), hintOf(err, "mend it, and run this again"))
		return
	}
	for _, err := range plan.Failures {
		e.add("cannot-promote", Bad, err.Error(), "its promotions stop there; others go on", hintOf(err, "mend it, and run ferry plan"))
	}
	for _, w := range plan.Waiting {
		if w.Reason != "" {
			e.add("stopped", Warning, fmt.Sprintf("%s %s does not go on to %s", w.App, w.Version, w.Environment), w.Reason, w.Hint)
		}
	}
}

// outside looks at what is neither in Git nor on the forge: places that hear of news, registries.
func (e *examination) outside(ctx context.Context) {
	for _, n := range e.snapshot.Config.Notify {
		if e.Address == nil {
			break
		}
		if err := e.Address(n.To); err != nil {
			e.add("notify", Warning, "nobody hears what notify in ferry.yaml sends to "+n.To, err.Error(), "set it where ferry runs: docs/notifications.md")
		}
	}
	if e.Image == nil {
		return
	}
	asked := map[string]bool{} // one image of the newest releases tells whether a registry can be read
	for _, app := range e.snapshot.Config.Apps {
		r, ok := e.snapshot.Accepted[app.Name]
		if !ok || len(r.Images) == 0 || r.Images[0].Digest == "" {
			continue
		}
		host, _, _ := strings.Cut(r.Images[0].Name, "/")
		if asked[host] {
			continue
		}
		asked[host] = true
		in, cancel := context.WithTimeout(ctx, patience)
		if err := e.Image(in, r.Images[0].Name, r.Images[0].Digest); err != nil {
			e.add("image", Warning, fmt.Sprintf("the image of %s %s cannot be found", app.Name, r.Version), err.Error(), hintOf(err, "log in to its registry where ferry runs, or see whether it was deleted"))
		}
		cancel()
	}
}

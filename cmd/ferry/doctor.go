package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/setup"
)

func (a *app) doctorCommand() *cli.Command {
	var o gitopsOptions
	return &cli.Command{
		Name:  "doctor",
		Usage: "find what keeps promotions from working, each with its cause and what mends it",
		Description: "It asks the repository, the forge and everybody else whom ferry needs, as whoever runs it: run it where ferry runs. Files are read\n" +
			"from the default branch, as promotions read them; ferry validate reads a folder. Nothing is written. The exit code is 1 when\n" +
			"something does not work; what is only not as safe or as quick as it seems is a warning.",
		Flags:  append(gitopsFlags(&o), outputFlag()),
		Action: func(c *cli.Context) error { return a.runDoctor(c.Context, o, c.String("output")) },
	}
}

func (a *app) runDoctor(ctx context.Context, o gitopsOptions, output string) error {
	if err := checkFormat(output, "text", "json"); err != nil {
		return err
	}
	found := a.examine(ctx, o)
	if output == "json" {
		if err := writeJSON(a.Out, findingsDocument{current, append([]setup.Finding{}, found...)}); err != nil {
			return err
		}
	} else {
		a.writeFindings(found)
	}
	bad := 0
	for _, f := range found {
		if f.Severity == setup.Bad {
			bad++
		}
	}
	if bad > 0 {
		return &sickError{bad}
	}
	return nil
}

// examine opens what there is and looks at it; what cannot be opened is what is wrong.
func (a *app) examine(ctx context.Context, o gitopsOptions) []setup.Finding {
	g, err := a.openGitOps(ctx, o)
	if err != nil {
		return []setup.Finding{setup.Unopened(err)}
	}
	forge, _ := g.Forge.(scm.Client)
	remote := g.Repo.URL()
	if o.repo == "" { // a checkout is not what runs read
		a.say(info, "this is about the default branch of %s; ferry validate looks at this folder", door.Redact(remote))
	}
	s := setup.Subject{Promoter: g.Promoter, Forge: forge, Remote: door.Redact(remote), Signs: g.Signer != nil || !a.token("FERRY_SIGNING_KEY").IsZero(),
		Now: a.Now(), Policies: checkPolicies, Image: g.hasImage,
		Address: func(variable string) error { _, err := a.address(variable); return err }}
	if _, here := g.Repo.Local(); !here && strings.HasPrefix(remote, "http") {
		s.Time = func(ctx context.Context) (time.Time, error) { return a.timeAt(ctx, remote) }
	}
	return setup.Examine(ctx, s)
}

// hasImage tells whether an image is in its registry, and may be read from here.
func (g *gitops) hasImage(ctx context.Context, name, digest string) error {
	client, err := g.registry()
	if err != nil {
		return err
	}
	there, err := client.Exists(ctx, name, digest)
	if err == nil && !there {
		err = fmt.Errorf("%s@%s is not in the registry", name, digest)
	}
	return err
}

// timeAt reads the clock of a server. It goes there without credentials.
func (a *app) timeAt(ctx context.Context, url string) (time.Time, error) {
	ca, err := a.certificates()
	if err != nil {
		return time.Time{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, url, http.NoBody)
	if err != nil {
		return time.Time{}, err
	}
	req.URL.User = nil
	res, err := door.Network(ca).RoundTrip(req)
	if err != nil {
		return time.Time{}, err
	}
	defer res.Body.Close()
	return http.ParseTime(res.Header.Get("Date"))
}

func (a *app) writeFindings(found []setup.Finding) {
	if len(found) == 0 {
		fmt.Fprintln(a.Out, "nothing is wrong")
	}
	for _, f := range found {
		fmt.Fprintf(a.Out, "%-8s %s (%s)\n", f.Severity, scm.Line(f.What), f.ID)
		for _, part := range []struct{ name, text string }{{"why", f.Why}, {"fix", f.Fix}} {
			if part.text != "" {
				fmt.Fprintf(a.Out, "  %s: %s\n", part.name, scm.Line(part.text))
			}
		}
	}
}

// sickError says that something does not work.
type sickError struct{ n int }

func (e *sickError) Error() string {
	if e.n == 1 {
		return "one thing does not work"
	}
	return fmt.Sprintf("%d things do not work", e.n)
}

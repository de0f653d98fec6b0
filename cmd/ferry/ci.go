package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/report"
)

type ciOptions struct {
	system, file, dotenv, quality string
}

func (a *app) ciCommand() *cli.Command {
	var o ciOptions
	return &cli.Command{
		Name:      "ci",
		Usage:     "tell the CI what a run did: outputs for later steps, and what is wrong beside the files it is about",
		UsageText: "ferry advance -o json > ferry.json; ferry ci --for github|gitlab|azure --report ferry.json",
		Description: "On GitHub it writes the step's outputs, a log group for each environment and at most nine annotations; on GitLab a dotenv and a code\n" +
			"quality report; on Azure Pipelines output variables and log issues. The outputs have the same names everywhere.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "for", Destination: &o.system, Usage: "`CI`: github, gitlab or azure"},
			&cli.StringFlag{Name: "report", Destination: &o.file, Value: "ferry.json", Usage: "`FILE` with what a command printed with -o json"},
			&cli.StringFlag{Name: "dotenv", Destination: &o.dotenv, Value: "ferry.env", Usage: "`FILE` of the outputs, on GitLab"},
			&cli.StringFlag{Name: "code-quality", Destination: &o.quality, Value: "ferry-code-quality.json", Usage: "`FILE` of what is wrong, on GitLab"},
		},
		Action: func(c *cli.Context) error { return a.runCI(c.Context, o) },
	}
}

// maxReport bounds the document that is read back.
const maxReport = 256 << 20

func (a *app) runCI(_ context.Context, o ciOptions) error {
	f, err := os.Open(a.below(o.file))
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxReport))
	if err != nil {
		return fmt.Errorf("read %s: %w", o.file, err)
	}
	outcome, err := report.ReadOutcome(data)
	if err != nil {
		return err
	}
	outputs := outcome.Outputs(a.below(o.file))
	switch o.system {
	case "github":
		return errors.Join(a.appendTo(a.Getenv("GITHUB_OUTPUT"), func(w io.Writer) error { return report.GitHubOutputs(w, outputs, "ferry-"+rand.Text()) }), outcome.GitHub(a.Out))
	case "gitlab":
		return errors.Join(a.writeAnew(o.dotenv, func(w io.Writer) error { return report.Dotenv(w, outputs) }), a.writeAnew(o.quality, outcome.CodeQuality), outcome.Plain(a.Out))
	case "azure":
		return outcome.Azure(a.Out, outputs)
	}
	return usagef("--for %s: the CIs are github, gitlab and azure", o.system)
}

// appendTo writes to the end of a file; to none where it has no name.
func (a *app) appendTo(file string, write func(io.Writer) error) error {
	if file == "" {
		return nil
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// writeAnew writes a file whose former content counts no more.
func (a *app) writeAnew(file string, write func(io.Writer) error) error {
	f, err := os.Create(a.below(file))
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

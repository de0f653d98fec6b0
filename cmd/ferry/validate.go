package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/report"
)

// folderOptions name a working folder with a ferry.yaml.
type folderOptions struct {
	dir    string
	output string
}

func folderFlags(o *folderOptions) []cli.Flag {
	output := outputFlag().(*cli.StringFlag)
	output.Destination = &o.output
	return []cli.Flag{
		&cli.StringFlag{Name: "dir", Destination: &o.dir, Usage: "`FOLDER` with ferry.yaml, or below it (default: the current one)"},
		output,
	}
}

func (a *app) validateCommand() *cli.Command {
	var o folderOptions
	return &cli.Command{
		Name:      "validate",
		Usage:     "list all mistakes of ferry.yaml and the files it includes",
		UsageText: "ferry validate [--dir FOLDER] [-o text|json]",
		Flags:     folderFlags(&o),
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usagef("validate takes no arguments; --dir names the folder")
			}
			if err := checkFormat(o.output, "text", "json"); err != nil {
				return err
			}
			return a.runValidate(c.Context, o)
		},
	}
}

func (a *app) runValidate(ctx context.Context, o folderOptions) error {
	config, src, err := a.configuration(ctx, o.dir)
	if err == nil {
		err = config.CheckFiles(src)
	}
	if config != nil {
		err = withPolicies(err, checkPolicies(config, src))
	}
	var problems environments.Problems
	if err != nil && !errors.As(err, &problems) {
		return err
	}
	found := validation{form: current, Valid: err == nil, Problems: append([]environments.Problem{}, problems...)}
	if config != nil {
		found.Apps, found.Environments, found.Warnings = len(config.Apps), len(config.Environments), config.Warnings()
	}
	if o.output == "json" {
		return errors.Join(writeJSON(a.Out, found), err)
	}
	for _, w := range found.Warnings {
		a.say(warning, "%s", w)
	}
	if err == nil {
		_, err = fmt.Fprintf(a.Out, "%s is valid: %s, %s\n", environments.RootFile, several(found.Apps, "app"), several(found.Environments, "environment"))
	}
	return err
}

// configuration reads the ferry.yaml of a folder, and gives the folder with it.
func (a *app) configuration(ctx context.Context, dir string) (*environments.Config, environments.Source, error) {
	src, err := a.configFolder(dir)
	if err != nil {
		return nil, nil, err
	}
	config, err := environments.Load(ctx, src, environments.For(version), environments.Knowing(report.Words()))
	return config, src, err
}

// configFolder finds the folder with ferry.yaml: the one given, the current one, or the nearest above.
func (a *app) configFolder(dir string) (environments.Source, error) {
	start := a.Dir
	switch {
	case filepath.IsAbs(dir):
		start = dir
	case dir != "":
		start = filepath.Join(a.Dir, dir)
	}
	for at := start; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, environments.RootFile)); err == nil {
			return environments.Dir(at), nil
		}
		if at == filepath.Dir(at) {
			return nil, usagef("there is no %s in %s or above it", environments.RootFile, start)
		}
	}
}

// several counts things: 1 app, 2 apps.
func several(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

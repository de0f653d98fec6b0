package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/environments"
)

type configOptions struct {
	folderOptions
	app, environment string
}

func (a *app) configCommand() *cli.Command {
	var o configOptions
	return &cli.Command{
		Name:      "config",
		Usage:     "show what holds for an app in an environment, and which line says so",
		UsageText: "ferry config --app A --env E [--dir FOLDER] [-o text|json]",
		Flags: append(folderFlags(&o.folderOptions),
			&cli.StringFlag{Name: "app", Destination: &o.app, Usage: "`NAME` of the app"},
			&cli.StringFlag{Name: "env", Destination: &o.environment, Usage: "`NAME` of the environment"}),
		Action: func(c *cli.Context) error {
			if o.app == "" || o.environment == "" || c.NArg() > 0 {
				return usagef("config needs --app and --env")
			}
			if err := checkFormat(o.output, "text", "json"); err != nil {
				return err
			}
			return a.runConfig(c.Context, o)
		},
	}
}

func (a *app) runConfig(ctx context.Context, o configOptions) error {
	config, _, err := a.configuration(ctx, o.dir)
	if err != nil {
		return err
	}
	settings, err := config.Effective(o.app, o.environment)
	if err != nil {
		return err
	}
	if o.output == "json" {
		return writeJSON(a.Out, configDocument{current, o.app, o.environment, settings})
	}
	return a.writeSettings(settings)
}

func (a *app) writeSettings(settings []environments.Setting) error {
	table := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
	for _, s := range settings {
		from := "built in"
		if s.From.File != "" {
			from = fmt.Sprintf("%s:%d", s.From.File, s.From.Line)
		}
		fmt.Fprintf(table, "%s\t%v\t%s\n", s.Key, s.Value, from)
	}
	return table.Flush()
}

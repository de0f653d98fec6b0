package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/setup"
)

type codeownersOptions struct {
	folderOptions
	kind, organization string
	platform           cli.StringSlice
}

func (a *app) codeownersCommand() *cli.Command {
	var o codeownersOptions
	return &cli.Command{
		Name:  "codeowners",
		Usage: "print who should have to agree to which change, as the forge takes it",
		Description: "ferry.yaml, what it includes, .ferry and the pipelines belong to --owner; the folders and values of an environment to those whose approval\n" +
			"it asks for; an app's own file and values to its team.\n" +
			"The forge then asks them, if a rule of the branch says so.",
		Flags: append(folderFlags(&o.folderOptions),
			&cli.StringFlag{Name: "forge", Destination: &o.kind, Value: "github", Usage: "`KIND` of the forge: github, gitlab, azure, gitea or bitbucket"},
			&cli.StringFlag{Name: "organization", Destination: &o.organization, Usage: "`NAME` that teams belong to, on GitHub, Gitea and Bitbucket"},
			&cli.StringSliceFlag{Name: "owner", Destination: &o.platform, Usage: "`PERSON` or team/NAME that owns the configuration; may be repeated"}),
		Action: func(c *cli.Context) error {
			if err := checkFormat(o.output, "text", "json"); err != nil {
				return err
			}
			if len(o.platform.Value()) == 0 {
				return usagef("who owns ferry.yaml? give --owner")
			}
			if _, known := driverOf(o.kind); !known {
				return usagef("there is no forge %q: ferry knows %s", o.kind, kinds())
			}
			return a.runCodeowners(c.Context, o)
		},
	}
}

func (a *app) runCodeowners(ctx context.Context, o codeownersOptions) error {
	config, _, err := a.configuration(ctx, o.dir)
	if err != nil {
		return err
	}
	rows := setup.Owners(config, o.platform.Value())
	if o.output == "json" {
		return writeJSON(a.Out, ownersDocument{current, rows})
	}
	teams := slices.ContainsFunc(rows, func(r setup.Owned) bool { return slices.ContainsFunc(r.Owners, isTeam) })
	if teams && o.organization == "" && o.kind != "gitlab" && o.kind != "azure" {
		return usagef("teams are named with their organization: give --organization")
	}
	_, err = fmt.Fprint(a.Out, setup.CodeOwners(o.kind, o.organization, rows))
	return err
}

func isTeam(name string) bool { return len(name) > 5 && name[:5] == "team/" }

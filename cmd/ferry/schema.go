package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/connector/config"
	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/release"
)

// published is a form that others may rely on.
type published struct {
	name, what string
	write      func() ([]byte, error)
}

// schemas are the published forms: files first, the first is printed where none is named; then what commands print.
func schemas() []published {
	all := []published{
		{"ferry.yaml", "the configuration of a GitOps repository", environments.Schema},
		{"ferry.app.yaml", "a file that ferry.yaml includes", environments.TeamSchema},
		{"connector", "connector.yaml, the configuration of a connector", config.Schema},
		{"connector-message", "what the connector sends to pipelines, by webhook or event", messageSchema},
		{"release", "a release document, as ferry submit --release reads it", release.Schema},
	}
	for _, o := range outputs {
		what := "printed with -o json by any command that fails before it has a result"
		if len(o.commands) > 0 {
			what = "printed with -o json by " + strings.Join(o.commands, ", ")
		}
		all = append(all, published{o.schema, what, o.write})
	}
	return all
}

func (a *app) schemaCommand() *cli.Command {
	var names []string
	text := "ferry schema [NAME]\n\nNAME is one of:"
	for _, s := range schemas() {
		names = append(names, s.name)
		text += "\n  " + s.name + ": " + s.what
	}
	return &cli.Command{
		Name:      "schema",
		Usage:     "print the JSON Schema of a file format",
		UsageText: text,
		Action: func(c *cli.Context) error {
			name := names[0]
			if c.NArg() > 0 {
				name = c.Args().First()
			}
			i := slices.Index(names, name)
			if i < 0 || c.NArg() > 1 {
				return usagef("there is no schema %q; there are %s", strings.Join(c.Args().Slice(), " "), strings.Join(names, ", "))
			}
			data, err := schemas()[i].write()
			if err != nil {
				return err
			}
			_, err = a.Out.Write(data)
			return err
		},
	}
}

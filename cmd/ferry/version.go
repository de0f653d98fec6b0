package main

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/urfave/cli/v2"
)

func (a *app) versionCommand() *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print the version",
		Flags: []cli.Flag{outputFlag()},
		Action: func(c *cli.Context) error {
			if err := checkFormat(c.String("output"), "text", "json"); err != nil {
				return err
			}
			if c.String("output") == "json" {
				return writeJSON(a.Out, versionDocument{current, version, runtime.Version()})
			}
			_, err := fmt.Fprintln(a.Out, "ferry", version)
			return err
		},
	}
}

// outputFlag is the one way every command offers its stable JSON form.
func outputFlag() cli.Flag {
	return &cli.StringFlag{Name: "output", Aliases: []string{"o"}, Value: "text", Usage: "`FORMAT` of the result: text or json"}
}

// outputInto is the same, for options that are filled in by the library.
func outputInto(to *string) cli.Flag {
	f := outputFlag().(*cli.StringFlag)
	f.Destination = to
	return f
}

// checkFormat refuses an output format before anything is done.
func checkFormat(format string, known ...string) error {
	for _, k := range known {
		if k == format {
			return nil
		}
	}
	return usagef("-o %s: the output formats are %s", format, strings.Join(known, ", "))
}

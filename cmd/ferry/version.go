package main

import (
	"encoding/json"
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
			if c.String("output") == "json" {
				return json.NewEncoder(a.Out).Encode(map[string]string{"version": version, "go": runtime.Version()})
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

// checkFormat refuses an output format before anything is done.
func checkFormat(format string, known ...string) error {
	for _, k := range known {
		if k == format {
			return nil
		}
	}
	return usagef("-o %s: the output formats are %s", format, strings.Join(known, ", "))
}

package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/report"
)

func (a *app) explainCommand() *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "say what a key of ferry.yaml means",
		UsageText: "ferry explain [KEY] [-o text|json|markdown]\n\nKEY is dotted: gates.soak, apps.images.match, or just soak. Without it, the top level is explained.\nferry explain risks lists the rules of risk.",
		Flags:     []cli.Flag{outputFlag()},
		Action: func(c *cli.Context) error {
			if c.NArg() > 1 {
				return usagef("explain takes one key; flags come before it")
			}
			return a.runExplain(c.Args().First(), c.String("output"))
		},
	}
}

func (a *app) runExplain(key, format string) error {
	if err := checkFormat(format, "text", "json", "markdown"); err != nil {
		return err
	}
	if format == "markdown" && key != "risks" {
		_, err := a.Out.Write(environments.Reference())
		return err
	}
	if key == "risks" {
		return a.explainRisks(format)
	}
	fields, err := environments.Explain(key)
	if err != nil {
		return err
	}
	if format == "json" {
		return writeJSON(a.Out, explainDocument{form: current, Fields: fields})
	}
	for i, f := range fields {
		if i > 0 {
			fmt.Fprintln(a.Out)
		}
		a.writeField(f)
	}
	return nil
}

// explainRisks lists the rules that ferry.yaml can switch off or raise.
func (a *app) explainRisks(format string) error {
	switch format {
	case "markdown":
		_, err := a.Out.Write(report.Risks())
		return err
	case "json":
		return writeJSON(a.Out, explainDocument{form: current, Rules: diff.Rules()})
	}
	return a.terminal().Risks()
}

func (a *app) writeField(f environments.Field) {
	fmt.Fprintf(a.Out, "%s\n    %s\n    value:   %s\n", f.Key, f.Meaning, f.Type)
	switch {
	case f.Required:
		fmt.Fprintln(a.Out, "    default: none, it is required")
	case f.Default != "":
		fmt.Fprintln(a.Out, "    default:", f.Default)
	}
	if f.Adds {
		fmt.Fprintln(a.Out, "    an app's override adds to the environment's list")
	}
	last := f.Key[strings.LastIndex(f.Key, ".")+1:]
	fmt.Fprintf(a.Out, "    example: %s: %s\n", last, f.Example)
	if len(f.Keys) > 0 {
		fmt.Fprintln(a.Out, "    keys:   ", strings.Join(f.Keys, ", "))
	}
}

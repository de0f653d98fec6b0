package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/templates"
)

// actionCommands are those that a step of a workflow runs; the inputs of action.yml are their flags.
var actionCommands = []string{"submit", "advance", "plan", "promote", "check", "gates", "report", "wait", "validate", "status", "version"}

// notInputs are flags that a step has no use for: it always wants JSON, and ends.
var notInputs = []string{"output", "help", "loop", "runs"}

// actionPage is action.yml.
func actionPage() ([]byte, error) {
	var inputs, env strings.Builder
	for _, f := range actionFlags() {
		name := f.Names()[0]
		kind, about := "IN", usageOf(f)
		if _, many := f.(*cli.StringSliceFlag); many {
			kind, about = "LIST", about+"; one a line"
		}
		variable := "FERRY_" + kind + "_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		fmt.Fprintf(&inputs, "  %s:\n    description: %s\n    default: \"\"\n", name, strconv.Quote(about))
		fmt.Fprintf(&env, "        %s: ${{ inputs.%s }}\n", variable, name)
	}
	return []byte(strings.NewReplacer("#inputs\n", inputs.String(), "#env\n", env.String()).Replace(templates.Action)), nil
}

// actionFlags are the flags of all these commands, each once, in the order of the commands.
func actionFlags() []cli.Flag {
	var all []cli.Flag
	visitCommands(tree().Commands, "", func(name string, c *cli.Command) {
		if !slices.Contains(actionCommands, name) {
			return
		}
		for _, f := range c.Flags {
			if n := f.Names()[0]; !slices.Contains(notInputs, n) && !hasFlag(all, n) {
				all = append(all, f)
			}
		}
	})
	return all
}

func usageOf(f cli.Flag) string {
	if d, ok := f.(cli.DocGenerationFlag); ok {
		return strings.ReplaceAll(d.GetUsage(), "`", "")
	}
	return ""
}

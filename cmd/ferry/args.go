package main

import (
	"strings"

	"github.com/urfave/cli/v2"
)

// flagsFirst moves flags before the other arguments of a command: the library stops reading flags at the first argument,
// and people write "pr approve 4 --as grace". What comes after -- stays where it is.
func flagsFirst(root *cli.App, args []string) []string {
	known, commands, n := root.Flags, root.Commands, 1
	for n < len(args) {
		c := commandNamed(commands, args[n])
		if c == nil {
			break
		}
		known, commands, n = append(append([]cli.Flag{}, known...), c.Flags...), c.Subcommands, n+1
	}
	var flags, rest []string
	for i := n; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			rest = append(rest, args[i:]...)
			break
		}
		if len(arg) < 2 || arg[0] != '-' {
			rest = append(rest, arg)
			continue
		}
		flags = append(flags, arg)
		if takesValue(known, arg) && i+1 < len(args) {
			i++
			flags = append(flags, args[i])
		}
	}
	return append(append(append([]string{}, args[:min(n, len(args))]...), flags...), rest...)
}

func commandNamed(commands []*cli.Command, name string) *cli.Command {
	for _, c := range commands {
		if c.HasName(name) {
			return c
		}
	}
	return nil
}

// takesValue tells whether the next argument belongs to a flag: not to a switch, nor to one that has its value after =.
func takesValue(flags []cli.Flag, arg string) bool {
	name := strings.TrimLeft(arg, "-")
	for _, f := range flags {
		for _, n := range f.Names() {
			if n == name {
				_, isSwitch := f.(*cli.BoolFlag)
				return !isSwitch
			}
		}
	}
	return false
}

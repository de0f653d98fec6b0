package main

import (
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/environments"
)

// mistyped is a word of the command line that nothing is called.
type mistyped struct {
	what  string // the whole complaint
	lists string // the command whose --help lists what there is
	word  string
	known []string
}

func (e *mistyped) Error() string { return e.what }
func (e *mistyped) ExitCode() int { return exitUsage }
func (e *mistyped) Hint() string {
	if near := environments.DidYouMean(e.word, e.known); near != "" && e.word != "help" {
		return near
	}
	return e.lists + " --help lists what there is"
}

// unknownCommand finds a command that is none. The library would take it for an argument, and complain of its flags first.
func unknownCommand(root *cli.App, args []string) error {
	commands, name := root.Commands, "ferry"
	for _, arg := range args[min(1, len(args)):] {
		if len(commands) == 0 || strings.HasPrefix(arg, "-") {
			return nil
		}
		c := commandNamed(commands, arg)
		if c == nil {
			return &mistyped{what: name + " has no command " + strconv.Quote(arg), lists: name, word: arg, known: commandNames(commands)}
		}
		commands, name = c.Subcommands, name+" "+c.Name
	}
	return nil
}

func commandNames(commands []*cli.Command) []string {
	var all []string
	for _, c := range commands {
		if !c.Hidden {
			all = append(all, c.Names()...)
		}
	}
	return all
}

// wrongUsage makes one line of the library's complaint about flags.
func wrongUsage(name string, flags []cli.Flag, err error) error {
	const undefined = "flag provided but not defined: -"
	word, is := strings.CutPrefix(err.Error(), undefined)
	if !is {
		return usagef("%w: %s --help lists the flags", err, name)
	}
	e := &mistyped{what: name + " has no flag --" + strings.TrimLeft(word, "-"), lists: name, word: strings.TrimLeft(word, "-")}
	for _, f := range flags {
		for _, n := range f.Names() {
			if len(n) > 1 {
				e.known = append(e.known, n)
			}
		}
	}
	return e
}

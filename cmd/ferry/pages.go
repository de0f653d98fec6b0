package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// page is a file that is made from the program: it ships with it, and a test finds it stale.
type page struct {
	path string
	make func() ([]byte, error)
}

// pages lists them all.
func pages() []page {
	all := []page{
		{"docs/exit-codes.md", func() ([]byte, error) { return exitPage(), nil }},
		{"docs/commands.md", func() ([]byte, error) { return commandsPage(), nil }},
		{"docs/man/ferry.1", manPage},
		{"action.yml", actionPage},
	}
	for _, name := range shellNames {
		all = append(all, page{"docs/completions/ferry." + name, func() ([]byte, error) { return []byte(shells[name]), nil }})
	}
	for _, o := range outputs {
		all = append(all, page{"docs/schemas/" + o.schema + ".json", o.write})
	}
	return all
}

// tree gives the commands with nothing behind them, for those who only read what is written on them.
func tree() *cli.App { return (&app{Out: io.Discard, Err: io.Discard}).commands() }

// manPage is ferry(1).
func manPage() ([]byte, error) {
	text, err := tree().ToManWithSection(1)
	return []byte(strings.TrimRight(text, "\n") + "\n"), err
}

// commandsPage is docs/commands.md: every command with its flags. What all of them take is said once.
func commandsPage() []byte {
	var b bytes.Buffer
	b.WriteString("# Commands\n\n<!-- Made from the commands by make docs. -->\n\n" +
		"`ferry COMMAND --help` says the same. Results go to the standard output, talk to the standard error stream; [exit-codes.md](exit-codes.md) lists the exit codes.\n" +
		"With `-o json` the result is one document, whose schema `ferry schema NAME` prints and [schemas/](schemas) holds; a command that fails before it\n" +
		"has a result prints a `failure` document.\n\n## Flags of every command\n\n")
	flagTable(&b, commonFlags())
	b.WriteString("\nColours are for terminals; `NO_COLOR` switches them off, `FORCE_COLOR` on. `COLUMNS` sets the width of what is written for people.\n")
	visitCommands(tree().Commands, "", func(name string, c *cli.Command) {
		fmt.Fprintf(&b, "\n## ferry %s\n\n%s%s.\n", name, strings.ToUpper(c.Usage[:1]), c.Usage[1:])
		if c.Description != "" {
			fmt.Fprintf(&b, "\n%s\n", c.Description)
		}
		if c.UsageText != "" {
			fmt.Fprintf(&b, "\n```text\n%s\n```\n", c.UsageText)
		}
		own := slices.DeleteFunc(slices.Clone(c.Flags), func(f cli.Flag) bool { return hasFlag(commonFlags(), f.Names()[0]) || f.Names()[0] == "help" })
		if len(own) > 0 {
			b.WriteString("\n")
			flagTable(&b, own)
		}
		if schemas := schemasOf(name); len(schemas) > 0 {
			fmt.Fprintf(&b, "\n`-o json`: %s.\n", strings.Join(schemas, ", "))
		}
	})
	return b.Bytes()
}

// commonFlags are the flags of every command.
func commonFlags() []cli.Flag {
	var t talk
	return append([]cli.Flag{&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, EnvVars: []string{"FERRY_VERBOSE"}, Usage: "say more: each call to a forge, and how many there were"}}, talkFlags(&t)...)
}

func schemasOf(command string) []string {
	var all []string
	for _, o := range outputs {
		for _, c := range o.commands {
			if c == command || strings.HasPrefix(c, command+" --") {
				all = append(all, fmt.Sprintf("[%s](schemas/%s.json)", o.schema, o.schema))
				break
			}
		}
	}
	return all
}

func flagTable(b *bytes.Buffer, flags []cli.Flag) {
	b.WriteString("| flag | variable | default | what it says |\n| --- | --- | --- | --- |\n")
	for _, f := range flags {
		d, ok := f.(cli.DocGenerationFlag)
		if !ok {
			continue
		}
		value, variables := "", ""
		if d.TakesValue() {
			value = strings.Trim(d.GetDefaultText(), `"`)
		}
		for _, v := range d.GetEnvVars() {
			variables += "`" + v + "`"
		}
		if value != "" {
			value = "`" + value + "`"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", flagNames(f), variables, value, strings.ReplaceAll(d.GetUsage(), "|", `\|`))
	}
}

// flagNames gives the names of a flag as they are typed.
func flagNames(f cli.Flag) string {
	var all []string
	for _, n := range f.Names() {
		if len(n) == 1 {
			all = append(all, "-"+n)
		} else {
			all = append(all, "--"+n)
		}
	}
	return strings.Join(all, ", ")
}

// visitCommands visits every command that does something and that people may see, by its whole name.
func visitCommands(all []*cli.Command, before string, visit func(name string, c *cli.Command)) {
	for _, c := range all {
		name := strings.TrimSpace(before + " " + c.Name)
		switch {
		case c.Hidden:
		case len(c.Subcommands) > 0:
			visitCommands(c.Subcommands, name, visit)
		default:
			visit(name, c)
		}
	}
}

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/environments"
)

// A shell asks "ferry complete WORD..." what may stand in the place of the last word; the scripts below are all that it
// has to know. So what they offer is never older than the program.

// shells are the scripts that connect a shell with ferry complete. Each line that comes back is a word, a tab, and what it
// is for.
var shells = map[string]string{
	"bash": `# ferry completion bash > /etc/bash_completion.d/ferry
_ferry() {
  local IFS=$'\n' line
  COMPREPLY=()
  while read -r line; do
    COMPREPLY+=("${line%%$'\t'*}")
  done < <(ferry complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _ferry ferry
`,
	"zsh": `#compdef ferry
# ferry completion zsh > "${fpath[1]}/_ferry"
_ferry() {
  local -a all
  local line
  while IFS= read -r line; do
    all+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done < <(ferry complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( ${#all} )); then _describe ferry all; else _files; fi
}
if [ "$funcstack[1]" = _ferry ]; then _ferry "$@"; else compdef _ferry ferry; fi
`,
	"fish": `# ferry completion fish > ~/.config/fish/completions/ferry.fish
function __ferry_complete
  set -l words (commandline -opc) (commandline -ct)
  ferry complete -- $words[2..-1] 2>/dev/null
end
complete -c ferry -a '(__ferry_complete)'
`,
	"pwsh": `# ferry completion pwsh >> $PROFILE
Register-ArgumentCompleter -Native -CommandName ferry -ScriptBlock {
  param($word, $ast, $position)
  $words = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($word -eq '') { $words += '""' }
  ferry complete -- @words 2>$null | ForEach-Object {
    $value, $what = $_ -split "` + "`" + `t", 2
    if (-not $what) { $what = $value }
    [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $what)
  }
}
`,
}

var shellNames = []string{"bash", "fish", "pwsh", "zsh"}

func (a *app) completionCommand() *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print what a shell needs to complete ferry's commands, flags, apps and environments",
		UsageText: "ferry completion bash|fish|pwsh|zsh\n\nThe first line of each says where it goes.",
		Action: func(c *cli.Context) error {
			script, ok := shells[c.Args().First()]
			if !ok || c.NArg() != 1 {
				return usagef("which shell? %s", strings.Join(shellNames, ", "))
			}
			_, err := fmt.Fprint(a.Out, script)
			return err
		},
	}
}

// completeCommand is what the scripts ask. It never fails: a shell in the middle of a line wants no error.
func (a *app) completeCommand() *cli.Command {
	return &cli.Command{
		Name:            "complete",
		Hidden:          true,
		SkipFlagParsing: true,
		Action: func(c *cli.Context) error {
			words := c.Args().Slice()
			if len(words) > 0 && words[0] == "--" {
				words = words[1:]
			}
			for _, w := range a.complete(c.Context, c.App, words) {
				if _, err := fmt.Fprintf(a.Out, "%s\t%s\n", w.value, w.what); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// candidate is a word that may come next, and what it is for.
type candidate struct{ value, what string }

// complete says what may stand in the place of the last word.
func (a *app) complete(ctx context.Context, root *cli.App, words []string) []candidate {
	last := ""
	if len(words) > 0 {
		last = strings.Trim(words[len(words)-1], `"`)
		words = words[:len(words)-1]
	}
	commands, flags, name := root.Commands, root.Flags, ""
	for _, w := range words {
		c := commandNamed(commands, w)
		if c == nil {
			break
		}
		commands, flags, name = c.Subcommands, c.Flags, strings.TrimSpace(name+" "+c.Name)
	}
	var all []candidate
	switch {
	case len(words) > 0 && strings.HasPrefix(words[len(words)-1], "-") && takesValue(flags, words[len(words)-1]):
		all = a.valuesOf(ctx, name, longName(flags, words[len(words)-1]))
	case strings.HasPrefix(last, "-"):
		all = flagWords(flags)
	case len(commands) > 0:
		all = commandWords(commands)
	default:
		all = argumentWords(name)
	}
	return slices.DeleteFunc(all, func(c candidate) bool { return !strings.HasPrefix(c.value, last) })
}

func commandWords(commands []*cli.Command) []candidate {
	var all []candidate
	for _, c := range commands {
		if !c.Hidden {
			all = append(all, candidate{c.Name, c.Usage})
		}
	}
	return all
}

func flagWords(flags []cli.Flag) []candidate {
	var all []candidate
	for _, f := range flags {
		what := ""
		if d, ok := f.(cli.DocGenerationFlag); ok {
			what = strings.ReplaceAll(d.GetUsage(), "`", "")
		}
		all = append(all, candidate{"--" + f.Names()[0], what})
	}
	return append(all, candidate{"--help", "show help"})
}

// longName gives the first name of a flag that was written by any of its names.
func longName(flags []cli.Flag, word string) string {
	word = strings.TrimLeft(word, "-")
	for _, f := range flags {
		if slices.Contains(f.Names(), word) {
			return f.Names()[0]
		}
	}
	return word
}

// argumentWords are the words that some commands take besides flags.
func argumentWords(name string) []candidate {
	switch name {
	case "completion":
		return plainWords(shellNames...)
	case "schema":
		var all []candidate
		for _, s := range schemas() {
			all = append(all, candidate{s.name, s.what})
		}
		return all
	}
	return nil
}

// valuesOf are the values of a flag, where there are only a few.
func (a *app) valuesOf(ctx context.Context, command, flag string) []candidate {
	switch flag {
	case "app", "env":
		return a.names(ctx, flag)
	case "forge":
		return plainWords(strings.Split(kinds(), ", ")...)
	case "log-format":
		return plainWords("text", "json")
	case "output":
		return map[bool][]candidate{true: plainWords("markdown", "csv", "json"), false: plainWords("text", "json", "markdown")}[command == "audit"]
	case "for":
		return plainWords("merged", "healthy")
	case "state":
		if command == "pr list" {
			return plainWords("open", "merged", "closed", "all")
		}
		return plainWords("success", "failure", "pending", "superseded")
	}
	return nil
}

// names reads apps and environments from the ferry.yaml of this folder, if there is one.
func (a *app) names(ctx context.Context, kind string) []candidate {
	src, err := a.configFolder("")
	if err != nil {
		return nil
	}
	config, err := environments.Load(ctx, src)
	if err != nil {
		return nil
	}
	var all []candidate
	if kind == "app" {
		for _, app := range config.Apps {
			all = append(all, candidate{app.Name, door.Outside(app.Team).Line()})
		}
		return all
	}
	for _, e := range config.Environments {
		all = append(all, candidate{e.Name, ""})
	}
	return all
}

func plainWords(words ...string) []candidate {
	var all []candidate
	for _, w := range words {
		all = append(all, candidate{value: w})
	}
	return all
}

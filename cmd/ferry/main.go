// Command ferry carries a release from CI through the environments of a GitOps repository, by pull request.
//
// One file holds one command: an options struct, a constructor that only parses, and a run function that only works.
// wire.go is the only list of drivers, exit.go the table of exit codes.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	_ "github.com/ferry-cd/ferry/cmd/ferry/memory" // sets the collector
)

// version is set by the release build with -ldflags.
var version = "0.1.0-dev"

// app is what commands get from the outside world, so that a test can hold it still.
type app struct {
	In       io.Reader
	Out, Err io.Writer
	Now      func() time.Time
	Getenv   func(string) string
	Dir      string   // working directory
	atEnd    []func() // what is said when a run is over
	talk     talk
	result   *written // where a script reads the result
	rotates  bool     // credentials may change while this runs
}

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, "ferry:", err)
		return exitError
	}
	dropEmpty(os.Environ(), os.Unsetenv)
	a := &app{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Now: time.Now, Getenv: os.Getenv, Dir: dir}
	return a.main(ctx, os.Args)
}

// dropEmpty takes away variables of ours that say nothing: CIs cannot leave one out, they set it to nothing, and the library of
// flags would take nothing for an answer.
func dropEmpty(environ []string, unset func(string) error) {
	for _, v := range environ {
		if name, value, _ := strings.Cut(v, "="); value == "" && strings.HasPrefix(name, "FERRY_") {
			_ = unset(name) // fails for names that no environment has
		}
	}
}

// main runs one command line and gives its exit code.
func (a *app) main(ctx context.Context, args []string) int {
	root := a.commands()
	defer a.endProgress()
	err := unknownCommand(root, args)
	if err == nil {
		err = root.RunContext(ctx, flagsFirst(root, args))
	}
	for _, f := range a.atEnd {
		f()
	}
	if err != nil {
		a.explain(err)
		a.printFailure(err)
	}
	return exitCode(err)
}

func (a *app) commands() *cli.App {
	return &cli.App{
		Name:            "ferry",
		Usage:           "carry a release through the environments of a GitOps repository, by pull request",
		Version:         version,
		HideVersion:     true,
		HideHelpCommand: true,
		Writer:          a.Out,
		ErrWriter:       a.Err,
		// Errors are printed and turned into an exit code in one place, main.
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   func(c *cli.Context, err error, _ bool) error { return wrongUsage("ferry", c.App.Flags, err) },
		Action:         cli.ShowAppHelp,
		Commands: a.withTalk(withUsageErrors([]*cli.Command{
			a.submitCommand(),
			a.releaseCommand(),
			a.planCommand(),
			a.advanceCommand(),
			a.promoteCommand(),
			a.adoptCommand(),
			a.upgradeCommand(),
			a.holdCommand(),
			a.resumeCommand(),
			a.rollbackCommand(),
			a.retireCommand(),
			a.hotfixCommand(),
			a.gatesCommand(),
			a.checkCommand(),
			a.waitCommand(),
			a.auditCommand(),
			a.statusCommand(),
			a.whereCommand(),
			a.reportCommand(),
			a.notifyCommand(),
			a.connectorCommand(),
			a.demoCommand(),
			a.diffCommand(),
			a.renderCommand(),
			a.initCommand(),
			a.vendorCommand(),
			a.pruneCommand(),
			a.newCommand(),
			a.codeownersCommand(),
			a.doctorCommand(),
			a.validateCommand(),
			a.configCommand(),
			a.explainCommand(),
			a.ciCommand(),
			a.schemaCommand(),
			a.completionCommand(),
			a.completeCommand(),
			a.prCommand(),
			a.versionCommand(),
		})),
	}
}

// withUsageErrors makes every command answer a wrong flag with one line and the exit code of wrong usage. The library
// would print the whole help before it.
func withUsageErrors(commands []*cli.Command) []*cli.Command {
	for _, c := range commands {
		c.OnUsageError = func(c *cli.Context, err error, _ bool) error {
			return wrongUsage(c.Command.HelpName, c.Command.Flags, err)
		}
		c.HideHelpCommand = true
		withUsageErrors(c.Subcommands)
	}
	return commands
}

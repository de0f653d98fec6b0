package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/scm"
)

// Results go to the standard output, talk to the standard error stream, and all talk goes through this file: so that
// --quiet and --log-format hold for every command, and nothing from outside speaks to a terminal.

// level is how much a word of talk matters.
type level int

const (
	calls   level = iota // each call to a server, with -v
	info                 // what is being done
	notice               // what somebody may want to know
	warning              // what somebody should know
	failure              // why it failed
	hint                 // what to do about that
)

// words of levels, as they begin a line and as JSON names them.
var levels = map[level]struct{ begins, name string }{
	calls: {"", "debug"}, info: {"", "info"}, notice: {"notice: ", "info"}, warning: {"warning: ", "warning"}, failure: {"ferry: ", "error"}, hint: {"hint: ", "hint"},
}

// talk is how the person, or the machine, at the other end wants to be spoken to.
type talk struct {
	quiet  bool
	format string // text or json
	line   bool   // a line of progress stands on the terminal
	told   time.Time
}

func talkFlags(t *talk) []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, EnvVars: []string{"FERRY_QUIET"}, Destination: &t.quiet, Usage: "say nothing but warnings and errors, besides the result"},
		&cli.StringFlag{Name: "log-format", EnvVars: []string{"FERRY_LOG_FORMAT"}, Destination: &t.format, Value: "text", Usage: "`FORMAT` of what is said besides the result: text, or json for one object a line"},
	}
}

// withTalk gives every command that does something the flags of talk.
func (a *app) withTalk(commands []*cli.Command) []*cli.Command {
	for _, c := range commands {
		if len(c.Subcommands) > 0 {
			a.withTalk(c.Subcommands)
			continue
		}
		if !hasFlag(c.Flags, "verbose") {
			c.Flags = append(c.Flags, &cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, EnvVars: []string{"FERRY_VERBOSE"}, Usage: "say more"})
		}
		c.Flags = append(c.Flags, talkFlags(&a.talk)...)
		c.Before = a.checkTalk(c.Before)
	}
	return commands
}

func hasFlag(flags []cli.Flag, name string) bool {
	for _, f := range flags {
		if f.Names()[0] == name {
			return true
		}
	}
	return false
}

// checkTalk refuses a format that nobody knows before anything is done, and notes whether a script reads the result.
func (a *app) checkTalk(then cli.BeforeFunc) cli.BeforeFunc {
	return func(c *cli.Context) error {
		if c.String("output") == "json" && !fileOutput(c.Command) {
			a.result = &written{Writer: a.Out}
			a.Out = a.result
		}
		if a.talk.format != "text" && a.talk.format != "json" {
			unknown := a.talk.format
			a.talk.format = "text"
			return usagef("--log-format %s: it is text or json", unknown)
		}
		if then == nil {
			return nil
		}
		return then(c)
	}
}

// fileOutput tells the commands whose -o names a file or a folder.
func fileOutput(c *cli.Command) bool {
	for _, f := range c.Flags {
		if d, ok := f.(cli.DocGenerationFlag); ok && f.Names()[0] == "output" {
			return !strings.HasPrefix(d.GetUsage(), "`FORMAT`")
		}
	}
	return true
}

// say says one thing. What it quotes may come from outside: nothing of it speaks to the terminal.
func (a *app) say(l level, format string, args ...any) {
	if a.talk.quiet && l < warning {
		return
	}
	text := scm.Text(fmt.Sprintf(format, args...))
	a.endProgress()
	if a.talk.format == "json" {
		a.sayJSON(l, text)
		return
	}
	_, _ = io.WriteString(a.Err, levels[l].begins+strings.TrimSuffix(text, "\n")+"\n")
}

// question puts a question, whose answer is typed behind it.
func (a *app) question(format string, args ...any) {
	_, _ = io.WriteString(a.Err, scm.Line(fmt.Sprintf(format, args...))+" ")
}

// talker is for libraries that write their words themselves.
func (a *app) talker(l level) io.Writer { return talker{a, l} }

type talker struct {
	app   *app
	level level
}

func (t talker) Write(p []byte) (int, error) {
	t.app.say(t.level, "%s", p)
	return len(p), nil
}

func (a *app) sayJSON(l level, text string) {
	_ = json.NewEncoder(a.Err).Encode(struct {
		Time    time.Time `json:"time"`
		Level   string    `json:"level"`
		Message string    `json:"message"`
	}{a.Now().UTC().Truncate(time.Millisecond), levels[l].name, text})
}

const (
	progressWorth = 8                // units; fewer are done before anybody wonders
	progressLull  = 10 * time.Second // between two lines where no terminal can show one that changes
)

// progress tells how far a long run has come: in one line that changes on a terminal, now and then elsewhere.
func (a *app) progress(done, total int, what string) {
	if a.talk.quiet || total < progressWorth {
		return
	}
	now := a.Now()
	if a.talk.told.IsZero() {
		a.talk.told = now
	}
	if a.talk.format == "text" && isTerminal(a.Err) && a.Getenv("TERM") != "dumb" {
		a.talk.line = true
		_, _ = fmt.Fprintf(a.Err, "\r\x1b[K%d/%d %s", done, total, scm.Line(what))
		return
	}
	if now.Sub(a.talk.told) >= progressLull {
		a.talk.told = now
		a.say(info, "%d of %d: %s", done, total, what)
	}
}

// endProgress takes the line of progress off the terminal.
func (a *app) endProgress() {
	if a.talk.line {
		a.talk.line = false
		_, _ = io.WriteString(a.Err, "\r\x1b[K")
	}
}

// journal is where a program that goes on and on writes its log, a JSON object a line: its writer escapes what is from outside.
func (a *app) journal() io.Writer { return a.Err }

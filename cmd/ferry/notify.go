package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/notify"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/report"
	"github.com/ferry-cd/ferry/scm"
)

func (a *app) notifyCommand() *cli.Command {
	var o folderOptions
	return &cli.Command{
		Name:        "notify",
		Usage:       "send a test message to everyone whom ferry.yaml lets hear what happens",
		Description: "Addresses are read from the environment variables that notify in ferry.yaml names.",
		Flags:       folderFlags(&o),
		Action:      func(c *cli.Context) error { return a.runNotify(c.Context, o) },
	}
}

func (a *app) runNotify(ctx context.Context, o folderOptions) error {
	if err := checkFormat(o.output, "text", "json"); err != nil {
		return err
	}
	config, _, err := a.configuration(ctx, o.dir)
	if err != nil {
		return err
	}
	if len(config.Notify) == 0 {
		return usagef("ferry.yaml has no notify: nobody would hear; see docs/notifications.md")
	}
	sent := []string{}
	var errs []error
	for _, n := range config.Notify {
		if err := a.send(ctx, n, report.Message{Title: "ferry: a test", Text: "Messages arrive here."}); err != nil {
			errs = append(errs, err)
			continue
		}
		sent = append(sent, n.To)
	}
	if o.output == "json" {
		errs = append(errs, writeJSON(a.Out, notificationsDocument{current, sent}))
	} else if len(sent) > 0 {
		fmt.Fprintln(a.Out, "sent to "+strings.Join(sent, ", "))
	}
	return errors.Join(errs...)
}

// announce tells people what a run did. Nothing depends on it: what cannot be said is a notice. It is said once, by the
// run that did it; a run that dies before is not heard of.
func (a *app) announce(ctx context.Context, r *promote.Report) {
	if r == nil || r.Plan == nil || r.Plan.State == nil {
		return
	}
	config := r.Plan.State.Config
	news := report.NewsOf(r, a.Now())
	for _, n := range config.Notify {
		for _, m := range report.Messages(n, config.Apps, news) {
			if err := a.send(ctx, n, m); err != nil {
				a.say(notice, "not everybody was told: %s", scm.Line(err.Error()))
				break
			}
		}
	}
}

func (a *app) send(ctx context.Context, n environments.Notify, m report.Message) error {
	to, err := a.address(n.To)
	if err != nil {
		return err
	}
	return notify.Send(ctx, to, m)
}

// address reads the place that a variable names, without telling it: addresses hold secrets.
func (a *app) address(variable string) (notify.Address, error) {
	address := a.Getenv(variable)
	if address == "" {
		return notify.Address{}, fmt.Errorf("%s is not set: it should hold the address that notify in ferry.yaml names", variable)
	}
	to, err := notify.Parse(address)
	if err != nil {
		return notify.Address{}, fmt.Errorf("%s: %w", variable, err)
	}
	return to, nil
}

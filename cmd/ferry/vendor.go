package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/render"
	"github.com/ferry-cd/ferry/source/registry"
	"github.com/ferry-cd/ferry/supply"
)

// vendorOptions say which folder is looked at.
type vendorOptions struct {
	dir      string
	update   bool
	check    bool
	verbose  bool
	output   string
	registry *registryOptions
}

func (a *app) vendorCommand() *cli.Command {
	o := vendorOptions{registry: &registryOptions{}}
	return &cli.Command{
		Name:      "vendor",
		Usage:     "pin what the templates of a folder need from elsewhere, in " + supply.LockName,
		UsageText: "ferry vendor [DIR] [--update] [--check]",
		Description: "DIR is the folder that is stored with a release: source.root of the app, else source.path. Dependencies of charts, remote\n" +
			"bases and helmCharts of kustomizations are fetched once, and what they were is written down by digest; commit the file.\n" +
			"ferry submit fetches just that, and stores it with the release. Nothing is executed.",
		Flags: append(registryFlags(o.registry),
			&cli.BoolFlag{Name: "update", Destination: &o.update, Usage: "look for newer versions of what is pinned already"},
			&cli.BoolFlag{Name: "check", Destination: &o.check, Usage: "write nothing; fail where the file is not up to date"},
			&cli.BoolFlag{Name: "verbose", Destination: &o.verbose, Usage: "show what is asked of registries and repositories"}, outputFlag()),
		Action: func(c *cli.Context) error {
			if c.NArg() > 1 {
				return usagef("one folder at a time")
			}
			if o.dir = c.Args().First(); o.dir == "" {
				o.dir = "."
			}
			o.output = c.String("output")
			return a.runVendor(c.Context, o)
		},
	}
}

func (a *app) runVendor(ctx context.Context, o vendorOptions) error {
	if err := checkFormat(o.output, "text", "json"); err != nil {
		return err
	}
	files, err := readFolder(a.below(o.dir))
	if err != nil {
		return &usageError{fmt.Errorf("read %s: %w", o.dir, err)}
	}
	log := a.registryLog(forgeOptions{verbose: o.verbose})
	open := sync.OnceValues(func() (*registry.Client, error) { return a.openRegistry(o.registry, log) })
	s, err := a.openSupply("", o.registry, open, log)
	if err != nil {
		return err
	}
	if o.check {
		if _, _, err := s.Complete(ctx, files); err != nil {
			return err
		}
		if o.output == "json" {
			return writeJSON(a.Out, lockDocument{form: current, Needs: []supply.Locked{}})
		}
		fmt.Fprintf(a.Out, "%s is up to date\n", supply.LockName)
		return nil
	}
	lock, notices, err := s.Vendor(ctx, files, o.update)
	if err != nil {
		return err
	}
	for _, n := range notices {
		a.say(notice, "%s", n)
	}
	return a.writeLock(o, lock, files[supply.LockName])
}

// writeLock writes the file, or takes it away where nothing is needed.
func (a *app) writeLock(o vendorOptions, lock supply.Lock, old []byte) error {
	name := filepath.Join(o.dir, supply.LockName)
	wrote := false
	if len(lock.Needs) == 0 {
		err := os.Remove(a.below(name))
		if wrote = err == nil; err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	} else {
		data, err := lock.Marshal()
		if err != nil {
			return err
		}
		if wrote = !bytes.Equal(data, old); wrote {
			if err := a.writeDocument(name, data); err != nil {
				return err
			}
		}
	}
	if o.output == "json" {
		return writeJSON(a.Out, lockDocument{current, wrote, append([]supply.Locked{}, lock.Needs...)})
	}
	a.sayLock(o.dir, name, lock, wrote)
	return nil
}

func (a *app) sayLock(dir, name string, lock supply.Lock, wrote bool) {
	for _, n := range lock.Needs {
		fmt.Fprintf(a.Out, "%s: %s = %s\n", n.In, n.Asks, strings.TrimSpace(n.Version+" "+n.Digest+n.Commit))
	}
	switch {
	case len(lock.Needs) == 0:
		fmt.Fprintf(a.Out, "%s needs nothing from elsewhere\n", dir)
	case wrote:
		fmt.Fprintf(a.Out, "%s written: commit it\n", name)
	default:
		fmt.Fprintf(a.Out, "%s is up to date\n", name)
	}
}

// readFolder reads all files of a folder, as a commit of it would hold them.
func readFolder(dir string) (render.Files, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }() // only read from
	f := &sourceFolder{root: root, files: render.Files{}}
	if err := f.list(".", nil); err != nil {
		return nil, err
	}
	return f.files, f.readAll()
}

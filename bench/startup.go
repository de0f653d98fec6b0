package main

import (
	"context"
	"os"
	"time"
)

const (
	startBar = 20 * time.Millisecond
	sizeBar  = 95_000_000
)

// startup measures what every call of ferry costs before it does anything, and what has to be downloaded for it.
func (b *bench) startup(ctx context.Context) error {
	times := 21
	if b.smoke {
		times = 3
	}
	start := func(program string) (cost, error) {
		return repeat(times, func() (cost, error) { return b.measured(ctx, b.dir, program, "version") })
	}
	ferry, err := start(b.ferry)
	if err != nil {
		return err
	}
	helm, err := start(b.helm)
	if err != nil {
		return err
	}
	info, err := os.Stat(b.ferry)
	if err != nil {
		return err
	}
	peer, err := os.Stat(b.helm)
	if err != nil {
		return err
	}
	b.rows = append(b.rows,
		row{"start-up: ferry version, CPU", "<= " + millis(startBar), millis(ferry.cpu), "helm version: " + millis(helm.cpu), ferry.cpu <= startBar},
		row{"size of the stripped binary", "<= " + megabytes(sizeBar), megabytes(info.Size()), "helm (not stripped): " + megabytes(peer.Size()), info.Size() <= sizeBar})
	return nil
}

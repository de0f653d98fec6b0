package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"time"
)

// comparisonBar is for 5,000 resources against 5,000, on one processor.
const comparisonBar = time.Second

var benchLine = regexp.MustCompile(`(?m)^BenchmarkCompare5000\S*\s+\d+\s.*?\s([0-9.]+) cpu-ms/op.*?([0-9]+) B/op`)

// comparison measures the semantic diff with the benchmark of its own package, which counts processor time.
func (b *bench) comparison(ctx context.Context) error {
	times := "5x"
	if b.smoke {
		times = "1x"
	}
	cmd := exec.CommandContext(ctx, "go", "test", "./diff", "-run", "^$", "-bench", "^BenchmarkCompare5000$", "-benchmem", "-benchtime", times)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("measure diff: %w\n%s", err, out)
	}
	m := benchLine.FindSubmatch(out)
	if m == nil {
		return fmt.Errorf("measure diff: no result in\n%s", out)
	}
	ms, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		return fmt.Errorf("measure diff: %w", err)
	}
	bytes, err := strconv.ParseInt(string(m[2]), 10, 64)
	if err != nil {
		return fmt.Errorf("measure diff: %w", err)
	}
	took := time.Duration(ms * float64(time.Millisecond))
	b.rows = append(b.rows, row{"diff of 5,000 resources against 5,000, CPU", "<= " + seconds(comparisonBar), seconds(took),
		fmt.Sprintf("%s allocated; that memory is linear is a test of the package", megabytes(bytes)), took <= comparisonBar})
	return nil
}

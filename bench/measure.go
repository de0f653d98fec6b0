package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// cost is what one process, or several after each other, took.
type cost struct {
	wall, cpu time.Duration
	rss       int64 // bytes, the largest at any time
}

func (c cost) plus(o cost) cost {
	return cost{c.wall + o.wall, c.cpu + o.cpu, max(c.rss, o.rss)}
}

// measured runs a command in a home of its own, so that neither caches nor settings of this machine help or hinder.
//
// The kernel counts this program's memory as the child's until the child has become another program, so this program
// stays small: whatever is large is streamed.
func (b *bench) measured(ctx context.Context, dir, program string, args ...string) (cost, error) {
	home, err := os.MkdirTemp(b.dir, "home-")
	if err != nil {
		return cost{}, err
	}
	defer os.RemoveAll(home)
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Env = append(plainEnv(), "HOME="+home)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	begin := time.Now()
	err = cmd.Run()
	wall := time.Since(begin)
	if err != nil {
		return cost{}, fmt.Errorf("%s %s: %w\n%s", filepath.Base(program), strings.Join(args, " "), err, said.String())
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return cost{}, fmt.Errorf("%s: this system does not tell what a process used", program)
	}
	return cost{wall, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), usage.Maxrss * rssUnit}, nil
}

// plainEnv is the environment without what changes how git, helm or ferry behave.
func plainEnv() []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		for _, prefix := range []string{"GIT_", "HELM_", "FERRY_", "GITHUB_", "GITLAB_", "CI", "BUILD_", "HOME", "XDG_"} {
			if strings.HasPrefix(name, prefix) {
				return true
			}
		}
		return false
	})
	return append(env, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=Bench", "GIT_AUTHOR_EMAIL=bench@example.com", "GIT_COMMITTER_NAME=Bench", "GIT_COMMITTER_EMAIL=bench@example.com")
}

// median of several runs of one thing, each figure by itself.
func median(costs []cost) cost {
	pick := func(figure func(cost) int64) int64 {
		var all []int64
		for _, c := range costs {
			all = append(all, figure(c))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	return cost{
		wall: time.Duration(pick(func(c cost) int64 { return int64(c.wall) })),
		cpu:  time.Duration(pick(func(c cost) int64 { return int64(c.cpu) })),
		rss:  pick(func(c cost) int64 { return c.rss }),
	}
}

func repeat(times int, run func() (cost, error)) (cost, error) {
	var costs []cost
	for range times {
		c, err := run()
		if err != nil {
			return cost{}, err
		}
		costs = append(costs, c)
	}
	return median(costs), nil
}

func millis(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}
func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
func megabytes(n int64) string       { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

// A long run says now and then how far it has come; a short one, and one that was asked to be quiet, does not.
func TestProgress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		apps  int
		args  string
		lines int
	}{{3, "", 0}, {12, "", 12}, {12, "--quiet", 0}} {
		b := newBench(t)
		config := strings.Split(benchConfig, "  - name: shop\n")
		apps := ""
		for i := range c.apps {
			apps += fmt.Sprintf("  - {name: app-%d, source: {repository: https://example.com/acme/shop, path: charts/shop}, namespace: n%d, environments: {only: [dev]}}\n", i, i)
		}
		_, environments, _ := strings.Cut(config[1], "environments:")
		b.write("gitops/ferry.yaml", config[0]+strings.ReplaceAll(apps, ", environments: {only: [dev]}", ", only: [dev]")+"environments:"+environments)
		b.git("-C", "gitops", "commit", "-qam", "Many")
		b.git("-C", "gitops", "push", "-q", "../gitops.git", "main")
		var out, err bytes.Buffer
		now := time.Unix(1_800_000_000, 0)
		a := &app{In: strings.NewReader(""), Out: &out, Err: &err, Getenv: func(string) string { return "" }, Dir: b.dir + "/gitops",
			Now: func() time.Time { now = now.Add(6 * time.Second); return now }}
		if code := a.main(t.Context(), strings.Fields("ferry plan --repo "+b.dir+"/gitops.git "+c.args)); code != 0 {
			t.Fatalf("exit %d\n%s", code, &err)
		}
		have := strings.Count(err.String(), ": plan app-")
		if (c.lines == 0) != (have == 0) || have > c.lines*2 {
			t.Errorf("%d apps %s: %d lines of progress\n%s", c.apps, c.args, have, &err)
		}
	}
}

// On a terminal the line of progress is taken back before anything else is said.
func TestProgressLineGoes(t *testing.T) {
	var err bytes.Buffer
	a := &app{Err: &err, Now: time.Now, talk: talk{format: "text", line: true}}
	a.say(warning, "look %s", "\x1b[31mhere")
	if want := "\r\x1b[Kwarning: look [31mhere\n"; err.String() != want {
		t.Errorf("%q, want %q", err.String(), want)
	}
}

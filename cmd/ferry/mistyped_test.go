package main

import (
	"strings"
	"testing"
)

// A word that nothing is called ends with one line, what was probably meant, and the exit code of wrong usage.
func TestMistyped(t *testing.T) {
	for given, want := range map[string]string{
		"stauts":               "ferry: ferry has no command \"stauts\"\nhint: did you mean \"status\"?\n",
		"promot --evn prod":    "ferry: ferry has no command \"promot\"\nhint: did you mean \"promote\"?\n",
		"nonsense 4 --as x":    "ferry: ferry has no command \"nonsense\"\nhint: ferry --help lists what there is\n",
		"help":                 "ferry: ferry has no command \"help\"\nhint: ferry --help lists what there is\n",
		"pr aprove 4":          "ferry: ferry pr has no command \"aprove\"\nhint: did you mean \"approve\"?\n",
		"--hlep":               "ferry: ferry has no flag --hlep\nhint: did you mean \"help\"?\n",
		"status --evn x":       "ferry: ferry status has no flag --evn\nhint: did you mean \"env\"?\n",
		"pr merge 4 --mesage=": "ferry: ferry pr merge has no flag --mesage\nhint: did you mean \"message\"?\n",
		"status --env":         "ferry: flag needs an argument: -env: ferry status --help lists the flags\n",
	} {
		out, said, code := ran(t.Context(), "", nil, strings.Fields(given)...)
		if code != exitUsage || said != want || out != "" {
			t.Errorf("ferry %s: exit code %d, on stdout %q, on stderr\n%s", given, code, out, said)
		}
	}
}

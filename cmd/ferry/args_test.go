package main

import (
	"strings"
	"testing"
)

func TestFlagsFirst(t *testing.T) {
	root := (&app{}).commands()
	for given, want := range map[string]string{
		"ferry pr approve 4 --as grace":            "ferry pr approve --as grace 4",
		"ferry pr approve --as grace 4":            "ferry pr approve --as grace 4",
		"ferry pr show 4 --repo=x -o json":         "ferry pr show --repo=x -o json 4",
		"ferry where 1.4.0 --repo x":               "ferry where --repo x 1.4.0",
		"ferry plan --dev --app shop":              "ferry plan --dev --app shop",
		"ferry pr comment 4 -- --not-a-flag":       "ferry pr comment 4 -- --not-a-flag",
		"ferry submit --release - --allow-tags":    "ferry submit --release - --allow-tags",
		"ferry nonsense 4 --as x":                  "ferry --as nonsense 4 x",
		"ferry":                                    "ferry",
		"ferry status --env":                       "ferry status --env",
		"ferry plan --allow-tags x --version 1 -o": "ferry plan --allow-tags --version 1 -o x",
	} {
		if got := strings.Join(flagsFirst(root, strings.Fields(given)), " "); got != want {
			t.Errorf("%s\n got %s\nwant %s", given, got, want)
		}
	}
}

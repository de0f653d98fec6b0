package environments

import (
	"context"
	"slices"
	"strings"
	"testing"
)

func TestWarnings(t *testing.T) {
	const base = `version: 1
defaults: {kubernetes: {version: "1.34"}}
apps: [{name: shop, source: {repository: https://github.com/acme/shop}}, {name: web, source: {repository: https://github.com/acme/web}}]
environments:
  - {name: dev, health: {from: merged}}
  - {name: prod, after: [dev], SETTINGS}
`
	for _, tt := range []struct{ settings, want string }{
		{`gates: {soak: 1h}`, "prod: soak counts from the merge into dev"},
		{`gates: {windows: [{from: "09:00", to: "16:00", zone: UTC}]}`, "prod: windows hold back ferry, not people"},
		{`gates: {approvals: {count: 1}}`, "prod: approvals hold back ferry, not people"},
		{`merge: auto, gates: {approvals: {count: 1}}`, ""},
		{`merge: auto, supersede: on-approval, gates: {windows: [{from: "09:00", to: "16:00", zone: UTC}]}`, "prod: supersede is on-approval, but no approvals are asked for"},
		{`health: {from: merged}, rollback: {on: failure}`, "prod: rollback on failure never happens"},
	} {
		c, err := Load(context.Background(), files{RootFile: strings.Replace(base, "SETTINGS", tt.settings, 1)})
		if err != nil {
			t.Fatal(err)
		}
		got := c.Warnings()
		if tt.want == "" && len(got) > 0 || tt.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], tt.want)) {
			t.Errorf("%s: %q", tt.settings, got)
		}
		if !slices.Equal(got, slices.Compact(slices.Clone(got))) {
			t.Errorf("twice: %q", got)
		}
	}
}

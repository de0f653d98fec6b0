package environments

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// BenchmarkLoad reads 300 apps in 8 environments, each app in its own included file with an override.
func BenchmarkLoad(b *testing.B) {
	r := files{}
	var root strings.Builder
	root.WriteString("version: 1\ninclude: [apps/*/ferry.app.yaml]\ndefaults: {kubernetes: {version: \"1.34\"}, values: [\"values/{app}.yaml?\"]}\nenvironments:\n  - {name: e0}\n")
	for i := 1; i < 8; i++ {
		fmt.Fprintf(&root, "  - {name: e%d, after: [e%d], gates: {soak: 24h, windows: [{days: [Mon, Tue], from: \"09:00\", to: \"16:00\", zone: Europe/Berlin}]}}\n", i, i-1)
	}
	r[RootFile] = root.String()
	for i := range 300 {
		r[fmt.Sprintf("apps/a%d/ferry.app.yaml", i)] = fmt.Sprintf(`version: 1
apps:
  - name: a%d
    source: {repository: https://github.com/acme/a%d, path: charts/a}
    images: [{name: ghcr.io/acme/a%d}]
    namespace: a%d
    environments: {e7: {gates: {soak: 48h}}}
`, i, i, i, i)
	}
	b.ReportAllocs()
	for b.Loop() {
		c, err := Load(context.Background(), r)
		if err != nil || len(c.Placements()) != 2400 {
			b.Fatal(err)
		}
	}
}

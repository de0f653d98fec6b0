package report

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/render"
)

// Names, versions and values come from strangers: none of them may mention, close, link, embed or break out.
func TestOutsideTextIsInert(t *testing.T) {
	hostile := "1.0 @all fixes #1 ![x](http://evil/y.png) </details> <script> `tick` | cell \u202egnp\x1b[31m\n## title"
	old, err := render.Parse("configmap-a.yaml", []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n"))
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := render.Parse("configmap-a.yaml", []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: \"``` </details> @all\"}\n"))
	if err != nil {
		t.Fatal(err)
	}
	c := promote.Change{Key: promote.Key{App: "shop", Environment: "prod"}, Old: render.Manifests{old}, New: render.Manifests{fresh},
		To: release.Record{Release: release.Release{App: "shop", Version: hostile}}, Diff: diff.Compare(render.Manifests{old}, render.Manifests{fresh}),
		Origins: []promote.Origin{{Environment: "qa", Why: hostile}}, Notices: []string{hostile}}
	text := PullRequest(promote.Promotion{Environment: "prod", Unit: "shop", Changes: []promote.Change{c}, LeftOut: []string{hostile}})
	if strings.ContainsAny(text.Title, "\n\x1b\u202e") || strings.ContainsAny(text.Body, "\x1b\u202e") {
		t.Error("control characters came through")
	}
	if n := strings.Count(text.Body, "<details>") - strings.Count(text.Body, "\n</details>"); n != 0 {
		t.Errorf("%d sections are not closed where they should be", n)
	}
	outside := withoutCode(text.Body)
	for _, bad := range []string{"@all", "#1", "](http", "<script", "\n## "} {
		if strings.Contains(outside, bad) {
			t.Errorf("%q is live in\n%s", bad, outside)
		}
	}
}

// withoutCode takes away fences and code spans, where nothing is live.
func withoutCode(body string) string {
	if i := strings.Index(body, "\n````diff\n"); i >= 0 {
		body = body[:i] + body[i+strings.Index(body[i:], "\n````\n"):]
	}
	var b strings.Builder
	for i, part := range strings.Split(body, "`") {
		if i%2 == 0 {
			b.WriteString(part)
		}
	}
	return b.String()
}

// However much changes, the text fits, says at which level it is, and names every deletion.
func TestALargeChangeFits(t *testing.T) {
	var old, fresh render.Manifests
	for i := range 900 {
		name := "config-" + strings.Repeat("x", 40) + string(rune('a'+i%26)) + strings.Repeat("y", i/26)
		m, err := render.Parse("configmap-"+name+".yaml", []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "+name+"}\ndata: {k: "+strings.Repeat("v", 300)+"}\n"))
		if err != nil {
			t.Fatal(err)
		}
		if i < 5 {
			old = append(old, m)
			continue
		}
		fresh = append(fresh, m)
	}
	c := promote.Change{Key: promote.Key{App: "shop", Environment: "prod"}, Old: old, New: fresh, Diff: diff.Compare(old, fresh)}
	body := PullRequest(promote.Promotion{Environment: "prod", Unit: "shop", Branch: "ferry/prod/shop", Base: "main", Changes: []promote.Change{c}}).Body
	if n := utf8.RuneCountInString(body); n > bodyLimit {
		t.Errorf("%d characters, limit %d", n, bodyLimit)
	}
	if !strings.Contains(body, "This text shows") {
		t.Error("the level of detail is not named")
	}
	if n := strings.Count(body, "\n- - `ConfigMap"); n != 5 {
		t.Errorf("%d of 5 deletions are named", n)
	}
}

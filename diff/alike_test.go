package diff_test

import (
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/render"
)

func one(t *testing.T, text string) render.Manifests {
	t.Helper()
	m, err := render.Parse("a.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return render.Manifests{m}
}

func TestAlike(t *testing.T) {
	const was = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: qa, labels: {env: qa}}\nspec: {replicas: 1, paused: false}\n"
	edit := func(text string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(text) }
	upstream := diff.Compare(one(t, was), one(t, edit(was, "paused: false", "paused: true")))
	prod := edit(was, "namespace: qa", "namespace: prod", "env: qa", "env: prod", "replicas: 1", "replicas: 5")
	for name, c := range map[string]struct {
		old, new string
		want     bool
	}{
		"the same field, elsewhere":     {prod, edit(prod, "paused: false", "paused: true"), true},
		"with other labels as well":     {prod, edit(prod, "paused: false", "paused: true", "env: prod", "env: production"), true},
		"nothing":                       {prod, prod, false},
		"one more field":                {prod, edit(prod, "paused: false", "paused: true", "replicas: 5", "replicas: 6"), false},
		"another value":                 {prod, edit(prod, "paused: false", "paused: maybe"), false},
		"the same value from another":   {edit(prod, "paused: false", "paused: maybe"), edit(prod, "paused: false", "paused: true"), false},
		"the same field, another thing": {edit(prod, "name: web", "name: api"), edit(prod, "name: web", "name: api", "paused: false", "paused: true"), false},
	} {
		if got := diff.Alike(upstream, diff.Compare(one(t, c.old), one(t, c.new))); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	secret := "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: a}\n"
	changed := diff.Compare(one(t, secret), one(t, edit(secret, "password: a", "password: b")))
	if diff.Alike(changed, changed) {
		t.Error("what may not be shown was called the same")
	}
}

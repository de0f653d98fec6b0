package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/render"
	"github.com/ferry-cd/ferry/report"
)

func compiledSchema(t *testing.T, write func() ([]byte, error)) *jsonschema.Schema {
	t.Helper()
	data, err := write()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("report.json", doc); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile("report.json")
}

// What is printed as JSON is what its published schema says; what is not is refused by it.
func TestReportsFollowTheirSchema(t *testing.T) {
	parse := func(name, text string) render.Manifests {
		m, err := render.Parse(name, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return render.Manifests{m}
	}
	old := parse("a.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  type: ClusterIP\n")
	fresh := parse("a.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  type: LoadBalancer\n")
	c := promote.Change{Key: promote.Key{App: "shop", Environment: "prod"}, Old: old, New: fresh, Diff: diff.Compare(old, fresh),
		To:      release.Record{Release: release.Release{App: "shop", Version: "1", Sequence: release.Sequence{Kind: release.Manual, Number: 1}, Tickets: []string{"A-1"}}},
		Origins: []promote.Origin{{Environment: "qa", Commit: "1"}}, Commits: []promote.Commit{{ID: "1"}}}
	plan := &promote.Plan{NextWakeup: time.Unix(1, 0), Failures: []error{errors.New("no")}, Waiting: []promote.Waiting{{Reason: "x", Conditions: []gates.Condition{{Gate: "soak", Until: time.Unix(1, 0)}}}},
		Promotions: []promote.Promotion{{Environment: "prod", Unit: "shop", Action: promote.ActionOpen, Changes: []promote.Change{c}}}}
	var out bytes.Buffer
	if err := report.PlanJSON(&out, plan); err != nil {
		t.Fatal(err)
	}
	checkSchema(t, compiledSchema(t, outputs[0].write), out.Bytes(), "promotions")
	out.Reset()
	if err := report.CompareJSON(&out, "qa", "prod", []promote.Change{c}); err != nil {
		t.Fatal(err)
	}
	checkSchema(t, compiledSchema(t, outputs[1].write), out.Bytes(), "apps")
}

func checkSchema(t *testing.T, s *jsonschema.Schema, printed []byte, list string) {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(printed, &doc); err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(doc); err != nil {
		t.Errorf("the schema refuses\n%s\n%v", printed, err)
	}
	doc[list] = "nothing"
	if s.Validate(doc) == nil {
		t.Errorf("the schema takes a text for %s", list)
	}
	delete(doc, list)
	if s.Validate(doc) == nil {
		t.Errorf("the schema does without %s", list)
	}
}

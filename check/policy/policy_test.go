package policy

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/check"
	"github.com/ferry-cd/ferry/render"
)

const resources = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {team: store}}
spec: {replicas: 1, template: {spec: {containers: [{name: web, image: "web:latest"}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}], ratio: 0.5, big: 9007199254740993}
`

func manifests(t *testing.T, text string) render.Manifests {
	t.Helper()
	ms, err := render.Canonical(render.Output{Documents: render.Split(render.Document{Source: "all.yaml", Line: 1, Data: []byte(text)})}, "shop")
	if err != nil {
		t.Fatal(err)
	}
	return ms
}

func rule(text string) check.Policy {
	return check.Policy{Name: "r", Rule: text, Message: "not so", From: "ferry.yaml:7:5"}
}

func TestJudge(t *testing.T) {
	about := check.Subject{App: "web", Environment: "prod-eu"}
	ms := manifests(t, resources)
	for text, want := range map[string]string{
		`true`: "",
		`object.kind != "Deployment" || object.spec.replicas > 1`:                                                 "deployment-web.yaml: Deployment web: policy \"r\": not so",
		`object.kind != "Deployment" || !environment.startsWith("prod") || object.spec.replicas > 0`:              "",
		`app == "web" && environment == "prod-eu"`:                                                                "",
		`object.kind != "Service" || object.spec.big == 9007199254740993 && object.spec.ratio == 0.5`:             "",
		`!has(object.spec.template) || object.spec.template.spec.containers.all(c, !c.image.endsWith(":latest"))`: "deployment-web.yaml: Deployment web: policy \"r\": not so",
		`object.?metadata.?labels.?team.orValue("none") == "store"`:                                               "service-web.yaml: Service web: policy \"r\": not so",
		`object.spec.replicas > 0`: "service-web.yaml: Service web: policy \"r\": not so (the rule cannot be evaluated: no such key: replicas)",
		`object.kind`:              "deployment-web.yaml: Deployment web: policy \"r\": not so\nservice-web.yaml: Service web: policy \"r\": not so",
		`[1,2,3,4,5,6,7,8,9].all(a, [1,2,3,4,5,6,7,8,9].all(b, [1,2,3,4,5,6,7,8,9].all(c, [1,2,3,4,5,6,7,8,9].all(d, [1,2,3,4,5,6,7,8,9].all(e, [1,2,3,4,5,6,7,8,9].all(f, true))))))`: "deployment-web.yaml: Deployment web: policy \"r\": not so (the rule cannot be evaluated: operation cancelled: actual cost limit exceeded)\n" +
			"service-web.yaml: Service web: policy \"r\": not so (the rule cannot be evaluated: operation cancelled: actual cost limit exceeded)",
	} {
		found, err := Judge(context.Background(), []check.Policy{rule(text)}, about, ms)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		var got []string
		for _, f := range found {
			got = append(got, f.String())
			if f.Level != check.Error || f.Rule != check.PolicyRule || f.Hint != "the rule is in ferry.yaml:7:5" {
				t.Errorf("%s: %+v", text, f)
			}
		}
		if strings.Join(got, "\n") != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, strings.Join(got, "\n"), want)
		}
	}
}

func TestWarnings(t *testing.T) {
	r := rule("false")
	r.Warning = true
	found, err := Judge(context.Background(), []check.Policy{r}, check.Subject{}, manifests(t, resources))
	if err != nil || len(found) != 2 || found[0].Level != check.Warning {
		t.Errorf("found %v, %v", found, err)
	}
}

func TestManyFindings(t *testing.T) {
	var text strings.Builder
	for range 50 {
		text.WriteString("---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: a" + strings.Repeat("a", text.Len()/50) + "}}\n")
	}
	found, err := Judge(context.Background(), []check.Policy{rule("false")}, check.Subject{}, manifests(t, text.String()))
	if err != nil || len(found) != maxFound+1 || found[maxFound].Message != `policy "r": 30 more resources do not follow it` {
		t.Errorf("%d found, the last %v, %v", len(found), found[len(found)-1], err)
	}
}

// TestMistakes says where an expression is wrong.
func TestMistakes(t *testing.T) {
	for text, want := range map[string]Mistake{
		`object.kind ==`:           {Line: 1, Column: 15, Text: "Syntax error: mismatched input '<EOF>'"},
		"true &&\n  objct.kind":    {Line: 2, Column: 3, Text: "undeclared reference to 'objct'"},
		`1 + 2`:                    {Line: 1, Column: 1, Text: "the rule gives int, and must give true or false"},
		`object.kind.matches("(")`: {},
		`now() > timestamp("x")`:   {Line: 1, Column: 4, Text: "undeclared reference to 'now'"},
	} {
		err := Check(text)
		var m *Mistake
		if want.Text == "" {
			if err != nil {
				t.Errorf("%s: %v", text, err)
			}
			continue
		}
		if !errors.As(err, &m) || m.Line != want.Line || m.Column != want.Column || !strings.HasPrefix(m.Text, want.Text) || m.ExitCode() != 2 {
			t.Errorf("%s: got %+v, want %+v", text, m, want)
		}
		if _, err := Judge(context.Background(), []check.Policy{rule(text)}, check.Subject{}, nil); err == nil || !strings.HasPrefix(err.Error(), `ferry.yaml:7:5: policy "r": `) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestStopped ends with its context, also in the middle of an expression.
func TestStopped(t *testing.T) {
	ctx, cancel := context.WithDeadline(context.Background(), time.Unix(1, 0))
	defer cancel()
	if _, err := Judge(ctx, []check.Policy{rule("true")}, check.Subject{}, manifests(t, resources)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func FuzzRule(f *testing.F) {
	f.Add(`object.kind != "Deployment" || object.spec.replicas > 1`)
	f.Add(`object.metadata.name.matches("^(a+)+$")`)
	f.Add(`[object].map(x, [x, x, x]).size() < 9`)
	ms, err := render.Canonical(render.Output{Documents: render.Split(render.Document{Data: []byte(resources)})}, "")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_, err := Judge(ctx, []check.Policy{rule(text)}, check.Subject{}, ms)
		if (err == nil) != (Check(text) == nil) {
			t.Errorf("%q: judged with %v, checked with %v", text, err, Check(text))
		}
	})
}

package schema

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ferry-cd/ferry/check"
	"github.com/ferry-cd/ferry/render"
)

func manifests(t testing.TB, text string) render.Manifests {
	t.Helper()
	ms, err := render.Canonical(render.Output{Documents: render.Split(render.Document{Source: "all.yaml", Line: 1, Data: []byte(text)})}, "shop")
	if err != nil {
		t.Fatal(err)
	}
	return ms
}

func told(findings []check.Finding) string {
	var lines []string
	for _, f := range findings {
		lines = append(lines, fmt.Sprintf("%s %s", f.Level, f))
	}
	return strings.Join(lines, "\n")
}

func TestBuiltIn(t *testing.T) {
	const deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {a: b}}\n  template:\n    spec:\n      containers:\n      - name: web\n"
	for name, c := range map[string]struct{ version, text, want string }{
		"fits":                {"1.34", deployment + "        resources: {limits: {cpu: 1, memory: 1Gi}}\n        ports: [{containerPort: 80}]\n", ""},
		"typo":                {"1.34", deployment + "        imagee: x\n", "spec.template.spec.containers[0].imagee: Deployment web: there is no such field"},
		"text for a number":   {"1.34", deployment + "  replicas: \"3\"\n", "spec.replicas: Deployment web: string where a whole number is wanted"},
		"mapping for a list":  {"1.34", deployment + "        env: {A: b}\n", "spec.template.spec.containers.env: Deployment web: object where a list is wanted"},
		"number for text":     {"1.34", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {port: 80}}", "data: ConfigMap a: number where text is wanted"},
		"quantity":            {"1.34", deployment + "        resources: {limits: {cpu: lots}}\n", "Deployment web: quantities must match the regular expression"},
		"gone":                {"1.22", "{apiVersion: extensions/v1beta1, kind: Ingress, metadata: {name: a}}", "apiVersion: Ingress.extensions a: Kubernetes 1.22 serves extensions/v1beta1 no more; it went with 1.22, use networking.k8s.io/v1"},
		"not gone yet":        {"1.21", "{apiVersion: extensions/v1beta1, kind: Ingress, metadata: {name: a}}", ""},
		"not there yet":       {"v1.22.3", "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: a}}", "apiVersion: HorizontalPodAutoscaler a: Kubernetes 1.22 does not serve autoscaling/v2 HorizontalPodAutoscaler yet; it came with 1.23"},
		"no such version":     {"1.34", "{apiVersion: apps/v7, kind: Deployment, metadata: {name: a}}", "apiVersion: Deployment a: Kubernetes has no kind Deployment in apps/v7"},
		"a definition":        {"1.34", "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: a}}", ""},
		"somebody else's":     {"1.34", "{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: a}}", "Gateway.gateway.networking.k8s.io a: there is no schema for gateway.networking.k8s.io/v1"},
		"encrypted with SOPS": {"1.34", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, wrong: 1, data: {a: 'ENC[x]'}, sops: {mac: x}}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := Judge(context.Background(), check.Schemas{Version: c.version, Strict: true}, manifests(t, c.text))
			if err != nil {
				t.Fatal(err)
			}
			got := told(found)
			if c.want == "" && got != "" || !strings.Contains(got, c.want) || strings.Count(got, "\n") > 0 {
				t.Errorf("got %s\nwant %s", got, c.want)
			}
			if strings.HasPrefix(got, "error") == strings.Contains(got, "no schema") && got != "" {
				t.Errorf("level: %s", got)
			}
			mild, err := Judge(context.Background(), check.Schemas{Version: c.version}, manifests(t, c.text))
			if err != nil || strings.Contains(told(mild), "error ") || strings.Contains(told(mild), "no schema") {
				t.Errorf("not strict: %s, %v", told(mild), err)
			}
		})
	}
}

const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget, plural: widgets}
  scope: Namespaced
  versions:
  - name: v1alpha1
  - name: v1
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            required: [size]
            properties:
              size: {type: integer, minimum: 1, exclusiveMinimum: true, maximum: 9}
              color: {type: string, enum: [red, blue], nullable: true}
              port: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
              free: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {a: {type: string}}}
              labels: {type: object, additionalProperties: {type: string}}
              list: {type: array, items: {type: object, properties: {name: {type: string, pattern: "^[a-z]+$"}}}}
              template: {type: object, x-kubernetes-embedded-resource: true, properties: {spec: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
              either: {type: object, properties: {a: {type: string}, b: {type: string}}, oneOf: [{required: [a]}, {required: [b]}]}
---
`

func TestDefinitions(t *testing.T) {
	widget := func(version, spec string) string {
		return "apiVersion: example.com/" + version + "\nkind: Widget\nmetadata: {name: w, labels: {a: b}}\nspec: " + spec + "\n"
	}
	for spec, want := range map[string]string{
		"{size: 2}": "",
		"{size: 2, color: null, port: 80, free: {x: 1, a: t}, labels: {x: z}, list: [{name: a}], template: {apiVersion: v1, kind: X, metadata: {}, spec: {x: 1}}, either: {a: x}}": "",
		"{size: 2, port: http}":        "",
		"{}":                           "error widget-w_example.com.yaml: spec: Widget.example.com w: missing property 'size'",
		"{size: 1}":                    "error widget-w_example.com.yaml: spec.size: Widget.example.com w: exclusiveMinimum: got 1, want 1",
		"{size: big}":                  "error widget-w_example.com.yaml: spec.size: Widget.example.com w: got string, want integer",
		"{size: 2, colour: red}":       "error widget-w_example.com.yaml: spec: Widget.example.com w: additional properties 'colour' not allowed",
		"{size: 2, color: green}":      "error widget-w_example.com.yaml: spec.color: Widget.example.com w: value must be one of 'red', 'blue', <nil>",
		"{size: 2, port: [1]}":         "error widget-w_example.com.yaml: spec.port: Widget.example.com w: got array, want integer or string",
		"{size: 2, free: {a: 1}}":      "error widget-w_example.com.yaml: spec.free.a: Widget.example.com w: got number, want string",
		"{size: 2, list: [{name: A}]}": "error widget-w_example.com.yaml: spec.list[0].name: Widget.example.com w: 'A' does not match pattern '^[a-z]+$'",
	} {
		for where, q := range map[string]struct {
			check.Schemas
			text string
		}{
			"in the render":      {check.Schemas{Strict: true}, definition + widget("v1", spec)},
			"in the environment": {check.Schemas{Strict: true, Definitions: manifests(t, definition)}, widget("v1", spec)},
		} {
			found, err := Judge(context.Background(), q.Schemas, manifests(t, q.text))
			if got := told(found); err != nil || !strings.HasPrefix(got, want) || want == "" && got != "" {
				t.Errorf("%s, %s\ngot  %s, %v\nwant %s", where, spec, got, err, want)
			}
		}
	}
	for version, want := range map[string]string{"v1alpha1": "", "v2": "warning widget-w_example.com.yaml: Widget.example.com w: CustomResourceDefinition widgets.example.com (customresourcedefinition-widgets.example.com.yaml) has no version v2"} {
		found, err := Judge(context.Background(), check.Schemas{Strict: true}, manifests(t, definition+widget(version, "{size: 0}")))
		if diff := cmp.Diff(want, told(found)); diff != "" || err != nil {
			t.Errorf("%s: %s, %v", version, diff, err)
		}
	}
}

// folder is .ferry/schemas in memory.
type folder map[string]string

func (f folder) Has(name string) bool  { return f[name] != "" }
func (f folder) ID(name string) string { return name + f[name] }
func (f folder) Read(_ context.Context, name string) ([]byte, error) {
	if f[name] == "" {
		return nil, fs.ErrNotExist
	}
	return []byte(f[name]), nil
}

func TestFiles(t *testing.T) {
	files := folder{
		"service-v1.json":                `{"type": "object", "required": ["spec"], "properties": {"spec": {"$ref": "_definitions.json#/definitions/spec"}}}`,
		"_definitions.json":              `{"definitions": {"spec": {"type": "object", "required": ["ports"]}}}`,
		"deployment-apps-v1.json":        `{"type": "object", "required": ["spec"]}`,
		"cert-manager.io/issuer_v1.json": `{"type": "object", "required": ["spec"]}`,
		"leak-example-v1.json":           `{"$ref": "file:///etc/passwd"}`,
		"fetch-example-v1.json":          `{"$ref": "https://example.com/schema.json"}`,
		"up-example-v1.json":             `{"$ref": "../../secret.json"}`,
		"broken-example-v1.json":         `{`,
		"nonsense-example-v1.json":       `{"type": 7}`,
	}
	for text, want := range map[string]string{
		"{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: []}}":            "",
		"{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {}}":                     "spec: Service a: missing property 'ports'",
		"{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, nothing: of the kind}": "Deployment a: missing property 'spec'",
		"{apiVersion: cert-manager.io/v1, kind: Issuer, metadata: {name: a}}":                "Issuer.cert-manager.io a: missing property 'spec'",
		"{apiVersion: example.com/v1, kind: Leak, metadata: {name: a}}":                      "! refers to file:///etc/passwd; a schema may only refer to files beside it",
		"{apiVersion: example.com/v1, kind: Fetch, metadata: {name: a}}":                     "! refers to https://example.com/schema.json; a schema may only refer to files beside it",
		"{apiVersion: example.com/v1, kind: Up, metadata: {name: a}}":                        "! up-example-v1.json refers to ",
		"{apiVersion: example.com/v1, kind: Broken, metadata: {name: a}}":                    "! broken-example-v1.json: not JSON",
		"{apiVersion: example.com/v1, kind: Nonsense, metadata: {name: a}}":                  "! nonsense-example-v1.json: ",
	} {
		found, err := Judge(context.Background(), check.Schemas{Strict: true, Files: files}, manifests(t, text))
		got := told(found)
		if err != nil {
			got = "! " + err.Error()
		}
		if words, failed := strings.CutPrefix(want, "! "); !strings.Contains(got, words) || want == "" && got != "" || failed != (err != nil) {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}

// FuzzDefinition compiles what strangers call the schema of a resource.
func FuzzDefinition(f *testing.F) {
	f.Add("{type: object, properties: {spec: {type: integer, minimum: 1, exclusiveMinimum: true}}}")
	f.Add("{$ref: 'http://127.0.0.1/x'}")
	f.Add("{properties: {a: {items: [1, 2]}}, pattern: '(', allOf: {a: b}, additionalProperties: [x]}")
	f.Fuzz(func(t *testing.T, schema string) {
		text := "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: w}\nspec: {group: example.com, names: {kind: W}, versions: [{name: v1, schema: {openAPIV3Schema: " +
			schema + "}}]}\n---\napiVersion: example.com/v1\nkind: W\nmetadata: {name: w}\nspec: {a: [1]}\n"
		ms, err := render.Canonical(render.Output{Documents: render.Split(render.Document{Data: []byte(text)})}, "")
		if err != nil {
			return
		}
		if _, err := Judge(context.Background(), check.Schemas{Strict: true}, ms); err != nil {
			t.Errorf("%s: %v", schema, err)
		}
	})
}

package schema

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/ferry-cd/ferry/render"
)

// whole are resources with something of everything that types have: numbers, quantities, ports by name, times, selectors.
const whole = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, creationTimestamp: null, labels: {a: b}, annotations: {c: "1"}, finalizers: [x/y], generation: 2}
spec:
  replicas: 3
  revisionHistoryLimit: null
  paused: false
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 0}}
  selector: {matchLabels: {a: b}, matchExpressions: [{key: k, operator: In, values: [a, b]}]}
  template:
    metadata: {labels: {a: b}}
    spec:
      terminationGracePeriodSeconds: 30
      securityContext: {runAsUser: 1000, runAsNonRoot: true, supplementalGroups: [1, 2]}
      volumes: [{name: tmp, emptyDir: {sizeLimit: 1Gi}}, {name: c, configMap: {name: c, defaultMode: 420}}]
      containers:
      - name: web
        image: web
        args: []
        env: [{name: A, value: b}, {name: C, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1m}}}]
        ports: [{containerPort: 80, protocol: TCP}]
        livenessProbe: {httpGet: {path: /, port: http}, periodSeconds: 5}
        readinessProbe: {tcpSocket: {port: 80}}
        resources: {limits: {cpu: 1, memory: 1Gi}, requests: {cpu: 500m}}
status: {}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {maxReplicas: 3, scaleTargetRef: {kind: Deployment, name: web}, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 80, endPort: 90}]}]}
`

// values stand in place of others.
var values = []string{"null", "1", "-1", "1.5", "1.0", "2147483648", "9223372036854775808", "1e3", "true", "x", `"1"`, "25%", "1Gi", `""`, "[]", "{}", "[null]", "[1]", "[x]", "{a: null}", "{a: 1}", "{name: x}", "2026-01-02T03:04:05Z", "1m", "aGVsbG8="}

// TestWhatFitsHasNoMistakes puts other values into all fields, and other names: where fits says that all is well, the library
// finds nothing.
func TestWhatFitsHasNoMistakes(t *testing.T) {
	sound, unsure := 0, 0
	try := func(text string) {
		t.Helper()
		ms, err := render.Canonical(render.Output{Documents: render.Split(render.Document{Data: []byte(text)})}, "")
		if err != nil {
			return
		}
		for i := range ms {
			into, err := kinds().New(schema.FromAPIVersionAndKind(ms[i].APIVersion, ms[i].Kind))
			if err != nil {
				continue
			}
			if !fits(ms[i].Node(), reflect.TypeOf(into).Elem()) {
				unsure++
			} else if found := unfit(&ms[i], into); len(found) > 0 {
				t.Errorf("fits, and has mistakes: %v\n%s", found, ms[i].Data)
			} else {
				sound++
			}
		}
	}
	try(whole)
	if unsure > 0 {
		t.Errorf("%d resources that are well are left to the library", unsure)
	}
	lines := strings.Split(whole, "\n")
	chance := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		i := chance.IntN(len(lines))
		try(strings.Join(lines[:i], "\n") + "\n" + mutated(lines[i], chance) + "\n" + strings.Join(lines[i+1:], "\n"))
	}
	if sound < 1000 || unsure < 1000 {
		t.Errorf("%d sound and %d others say little", sound, unsure)
	}
}

// mutated puts another value behind one of the colons of a line, or spells a key otherwise.
func mutated(line string, chance *rand.Rand) string {
	var colons []int
	for i := range len(line) - 1 {
		if line[i] == ':' && line[i+1] == ' ' {
			colons = append(colons, i)
		}
	}
	if len(colons) == 0 {
		return line + " " + values[chance.IntN(len(values))]
	}
	at := colons[chance.IntN(len(colons))]
	if chance.IntN(10) == 0 {
		return line[:at] + "X" + line[at:]
	}
	rest := line[at+2:]
	if end := strings.IndexAny(rest, ",}]"); end >= 0 && rest[0] != '{' && rest[0] != '[' {
		return line[:at+2] + values[chance.IntN(len(values))] + rest[end:]
	}
	if strings.Count(rest, "{") == strings.Count(rest, "}") && strings.Count(rest, "[") == strings.Count(rest, "]") {
		return line[:at+2] + values[chance.IntN(len(values))]
	}
	return line
}

// TestJudgedOnce: a resource that several environments have is judged once for each version of Kubernetes.
func TestJudgedOnce(t *testing.T) {
	const text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: judged-once}, data: {port: 80}, wrong: 1}"
	first, second := manifests(t, text), manifests(t, text)
	ask := func(ms render.Manifests, version string) verdict {
		return ms[0].Once(judged{version}, func() any { return builtIn(&ms[0], version) }).(verdict)
	}
	a, b, other := ask(first, "1.34"), ask(second, "1.34"), ask(second, "1.35")
	if len(a.found) != 1 || len(b.found) != 1 || &a.found[0] != &b.found[0] || &a.found[0] == &other.found[0] {
		t.Errorf("got %v, %v and %v", a, b, other)
	}
}

func BenchmarkFits(b *testing.B) {
	m := manifests(b, whole)[0]
	into, err := kinds().New(schema.FromAPIVersionAndKind(m.APIVersion, m.Kind))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if !fits(m.Node(), reflect.TypeOf(into).Elem()) {
			b.Fatal("left to the library")
		}
	}
}

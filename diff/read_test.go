package diff

import (
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/render"
)

// slowly reads a document with render's reader alone.
func slowly(data string) *node {
	n := render.Manifest{Data: []byte(data)}.Node()
	if n == nil {
		return nil
	}
	return new(converter).value(n)
}

func TestReadCanonicalUnderstandsTheForm(t *testing.T) {
	for name, doc := range canonicalForms {
		t.Run(name, func(t *testing.T) {
			got := readCanonical([]byte(doc))
			if got == nil {
				t.Fatal("left to the slow reader")
			}
			if want := slowly(doc); !same(got, want) {
				t.Errorf("read %v, want %v", plain(got), plain(want))
			}
		})
	}
}

var canonicalForms = map[string]string{
	"deployment":     deployment,
	"document start": "---\na: b\n",
	"scalars": `a: 1
b: -2
c: 1.5
d: true
e: false
f: null
g:
h: "yes"
i: 500m
j: 10.0.0.1
k: --flag=x
l: 10.0.0.0/8
m: {}
nn: []
o: 'it''s'
p: "tab\tand \"quote\" and \\"
"on": off-line
q: http://example.com:8080/x
r: grüße
s: "0"
t: 0
u: .dockerconfigjson
v: -0.5
`,
	"literals": `a: |
  one

  two
b: |-
  no end
c: |+
  kept


d: |

  blank first
    deeper
  	tab
e: last
`,
	"lists": `a:
- x
- v: 1
  z:
  - 1
  -   - p
      - q
  - deep:
      er: true
- - n1
  - n2
-
  late: 1
b:
  - indented
c:
- |
  text
- |-
  more
-
`,
}

// What the fast reader must not touch: each of these means something that a line by line look would get wrong.
func TestReadCanonicalLeavesTheRest(t *testing.T) {
	for _, doc := range []string{
		"a: yes\n", "a: 010\n", "a: 0x1f\n", "a: 1e3\n", "a: 2026-01-01\n", "a: ~\n", "a: 1_000\n", "a: -0\n", "a: .5\n", "a: .inf\n", "a: 0o7\n",
		"a: &x 1\nb: *x\n", "<<: {a: 1}\n", "a: !!str 1\n", "a: >\n  folded\n", "a: [1, 2]\n", "a: {b: 1}\n", "a: b # comment\n", "# comment\na: b\n",
		"a: one\n  two\n", "a: \"one\n  two\"\n", "a:\n- one\n  two\n", "a: |2\n   x\n", "a: |\n   \n  x\n", "? a\n: b\n", "a: b\n---\nc: d\n", "a: b\n...\n",
		"a: 1\na: 2\n", "a:\tb\n", "a: b\r\n", "a: \"\\x41\"\n", "a: b", "- a\n", "a\n", "yes: 1\n", "8: 1\n", "a: b: c\n", "a: \"b\" c\n", "a: 'b\n",
		"a: \u2028b\n", "a: \ufeffb\n", "a: b\x85\n", " a: b\n", "a:\n b: 1\n  c: 2\n", "a:\n  - b\n - c\n", "a: b\n  c: d\n",
		strings.Repeat("- ", 400) + "a\n", "a: " + strings.Repeat("x", 10) + ":\n", strings.Repeat("k", 1200) + ": v\n",
	} {
		if n := readCanonical([]byte(doc)); n != nil && !same(n, slowly(doc)) {
			t.Errorf("%q: read as %v", doc, plain(n))
		} else if n != nil {
			t.Errorf("%q: read, and rightly, by luck", doc)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, doc := range canonicalForms {
		f.Add(doc)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		got := readCanonical([]byte(doc))
		if got == nil {
			return
		}
		if want := slowly(doc); !same(got, want) {
			t.Errorf("read %v, want %v", plain(got), plain(want))
		}
	})
}

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  labels:
    app.kubernetes.io/name: web
    app.kubernetes.io/version: 1.4.0
    helm.sh/chart: web-1.4.0
spec:
  replicas: 3
  selector:
    matchLabels:
      app.kubernetes.io/name: web
  template:
    metadata:
      annotations:
        checksum/config: 0a1b2c3d4e5f
      labels:
        app.kubernetes.io/name: web
    spec:
      containers:
      - name: web
        image: ghcr.io/acme/web:1.4.0@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        args:
        - --port=8080
        - --level=info
        env:
        - name: A
          value: "1"
        - name: B
          valueFrom:
            secretKeyRef:
              name: x
              key: token
        ports:
        - name: http
          containerPort: 8080
          protocol: TCP
        resources:
          limits:
            cpu: 500m
            memory: 256Mi
          requests:
            cpu: 100m
            memory: 128Mi
        livenessProbe:
          httpGet:
            path: /healthz
            port: http
        readinessProbe:
          httpGet:
            path: /readyz
            port: http
        volumeMounts:
        - name: config
          mountPath: /etc/web
      volumes:
      - name: config
        configMap:
          name: web
`

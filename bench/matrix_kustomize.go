package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// kustomization writes a base and an overlay for each environment, with what overlays are made of: a namespace, labels,
// images, a strategic-merge patch, a JSON patch and a generator.
func (a matrixApp) kustomization(files map[string]string, environments []string, n int) {
	in := func(folder, name, text string) {
		files["overlays/"+a.name+"/"+folder+"/"+name] = strings.ReplaceAll(text, "APP", a.name)
	}
	in("base", "deployment.yaml", baseDeployment)
	in("base", "service.yaml", baseService)
	resources := []string{"deployment.yaml", "service.yaml"}
	for name, text := range definitionFiles(a.name, a.crds) {
		in("base", name, text)
	}
	for i := range a.crds {
		resources = append(resources, definitionName(i))
	}
	in("base", "kustomization.yaml", fmt.Sprintf(baseKustomization, strings.Join(resources, ", ")))
	for _, env := range environments {
		in(env, "kustomization.yaml", strings.ReplaceAll(fmt.Sprintf(overlayKustomization, n), "ENV", env))
		in(env, "patch.yaml", fmt.Sprintf(overlayPatch, 1+n%4))
		in(env, "settings.env", fmt.Sprintf("REGION=%s-%d\nLIMIT=%d\n", env, n, 100*n))
	}
}

const baseKustomization = `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [%s]
configMapGenerator:
  - name: settings
    literals: [LOG_LEVEL=info, CURRENCY=EUR]
`

const overlayKustomization = `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: APP-ENV
resources: [../base]
labels:
  - pairs: {app.kubernetes.io/instance: APP-ENV, tier: ENV}
    includeTemplates: true
images:
  - {name: ghcr.io/acme/APP, newTag: 1.%d.0}
patches:
  - path: patch.yaml
  - target: {kind: Service, name: APP}
    patch: |-
      - op: replace
        path: /spec/ports/0/port
        value: 8081
configMapGenerator:
  - name: settings
    behavior: merge
    envs: [settings.env]
`

const overlayPatch = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: APP
spec:
  replicas: %d
  template:
    spec:
      containers:
        - name: main
          env:
            - {name: EXTRA, value: "yes"}
          resources:
            limits: {memory: 512Mi}
`

const baseService = `apiVersion: v1
kind: Service
metadata:
  name: APP
spec:
  selector: {app: APP}
  ports:
    - {name: http, port: 80, targetPort: http}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: APP
spec:
  rules:
    - host: APP.example.com
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: APP, port: {name: http}}}}
`

const baseDeployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: APP
spec:
  replicas: 1
  selector:
    matchLabels: {app: APP}
  template:
    metadata:
      labels: {app: APP}
      annotations:
        prometheus.io/scrape: "true"
        prometheus.io/port: "9797"
    spec:
      serviceAccountName: APP
      securityContext:
        runAsNonRoot: true
      containers:
        - name: main
          image: ghcr.io/acme/APP
          ports:
            - {name: http, containerPort: 8080}
            - {name: metrics, containerPort: 9797}
          env:
            - {name: LISTEN, value: ":8080"}
          envFrom:
            - configMapRef: {name: settings}
          readinessProbe:
            httpGet: {path: /ready, port: http}
          livenessProbe:
            httpGet: {path: /alive, port: http}
          resources:
            requests: {cpu: 100m, memory: 64Mi}
      volumes:
        - name: cache
          emptyDir: {}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: APP
`

func definitionName(n int) string { return fmt.Sprintf("definition-%d.yaml", n) }

// definitionFiles are definitions of custom resources as operators bring them: some 60 kB each, deep and full of words.
func definitionFiles(app string, count int) map[string]string {
	files := map[string]string{}
	r := rand.New(rand.NewPCG(uint64(len(app)), uint64(count)))
	for n := range count {
		var out strings.Builder
		kind := fmt.Sprintf("thing%d", n)
		fmt.Fprintf(&out, "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: %[1]ss.%[2]s.example.com\n"+
			"spec:\n  group: %[2]s.example.com\n  scope: Namespaced\n  names: {kind: T%[3]s, listKind: T%[3]sList, plural: %[1]ss, singular: %[1]s}\n"+
			"  versions:\n    - name: v1\n      served: true\n      storage: true\n      schema:\n        openAPIV3Schema:\n          type: object\n          properties:\n",
			kind, app, kind[1:])
		schema(&out, r, 12, 3, 4)
		files[definitionName(n)] = out.String()
	}
	return files
}

// schema writes the properties of one level, and those below.
func schema(out *strings.Builder, r *rand.Rand, indent, depth, width int) {
	in := strings.Repeat(" ", indent)
	for i := range width {
		fmt.Fprintf(out, "%sfield%d:\n%s  description: |-\n", in, i, in)
		for range 1 + r.IntN(3) {
			fmt.Fprintf(out, "%s    What this is about, and when it may be left out: %x is not %x.\n", in, r.Uint32(), r.Uint32())
		}
		if depth == 0 || i%3 == 0 {
			fmt.Fprintf(out, "%s  type: string\n%s  maxLength: %d\n", in, in, 1+r.IntN(253))
			continue
		}
		fmt.Fprintf(out, "%s  type: object\n%s  required: [field0]\n%s  properties:\n", in, in, in)
		schema(out, r, indent+4, depth-1, 5)
	}
}

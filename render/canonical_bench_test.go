package render

import (
	"bytes"
	"fmt"
	"testing"
)

// BenchmarkCanonical turns 200 deployments into manifests, as they come from a renderer.
func BenchmarkCanonical(b *testing.B) {
	const deployment = `---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-%[1]d
  namespace: shop
  labels: {app.kubernetes.io/name: web-%[1]d, app.kubernetes.io/managed-by: Helm, app.kubernetes.io/version: "1.10"}
spec:
  replicas: 3
  selector:
    matchLabels:
      app.kubernetes.io/name: web-%[1]d
  template:
    metadata:
      annotations:
        checksum/config: 01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b
        prometheus.io/scrape: "true"
      labels:
        app.kubernetes.io/name: web-%[1]d
    spec:
      serviceAccountName: web
      containers:
        - name: web
          image: "registry.example.com/shop/web:1.10.%[1]d"
          imagePullPolicy: IfNotPresent
          command: ["./web", "--port=9898", "--level=info"]
          env:
            - name: COLOR
              value: "#34577c"
            - name: LIMIT
              value: "010"
          ports:
            - {name: http, containerPort: 9898, protocol: TCP}
          livenessProbe:
            exec:
              command:
                - podcli
                - check
            initialDelaySeconds: 1
            timeoutSeconds: 5
          resources:
            limits: null
            requests: {cpu: 100m, memory: 64Mi}
          volumeMounts:
            - name: data
              mountPath: /data
      volumes:
        - name: data
          emptyDir: {}
`
	var stream bytes.Buffer
	for i := range 200 {
		fmt.Fprintf(&stream, deployment, i)
	}
	b.SetBytes(int64(stream.Len()))
	b.ReportAllocs()
	for b.Loop() {
		docs := Split(Document{Source: "all.yaml", Line: 1, Data: stream.Bytes()})
		if ms, err := Canonical(Output{Documents: docs}, "shop"); err != nil || len(ms) != 200 {
			b.Fatal(len(ms), err)
		}
	}
}

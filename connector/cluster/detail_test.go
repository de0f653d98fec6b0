package cluster

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Whatever a workload or a pod holds, it is explained in one bounded piece without control characters, or not at all, and the
// same way twice.
func FuzzWorkloads(f *testing.F) {
	for _, seed := range []string{
		`{"kind":"Deployment","metadata":{"generation":2},"spec":{"replicas":3,"selector":{"matchLabels":{"app":"web"}}},"status":{"observedGeneration":2,"readyReplicas":1,"updatedReplicas":3,"conditions":[{"type":"Progressing","status":"False","reason":"ProgressDeadlineExceeded","message":"has timed out"}]}}`,
		`{"kind":"DaemonSet","status":{"desiredNumberScheduled":4,"numberReady":3,"updatedNumberScheduled":4}}`,
		`{"kind":"Job","status":{"conditions":[{"type":"Failed","status":"True","message":"has reached\n the limit"}]}}`,
		`{"status":{"initContainerStatuses":[{"state":{"terminated":{"exitCode":1}}}],"containerStatuses":[{"state":{"waiting":{"reason":"ImagePullBackOff"}}}],"conditions":[{"type":"PodScheduled","status":"False"}]}}`,
		`{"spec":{"replicas":"many","selector":{"matchLabels":{"a":{},"b":["c"],"d":"\u0000"}}},"status":[{"conditions":5}]}`,
		`{"status":{"conditions":[null,{"type":"ReplicaFailure","status":"True","reason":"\u001b[31mred"}]}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var content map[string]any
		if json.Unmarshal(data, &content) != nil {
			return
		}
		o := &unstructured.Unstructured{Object: content}
		s, well := workload(o)
		why, theirs := worstPod([]unstructured.Unstructured{*o, *o}), selector(o)
		if again, same := workload(o); again != s || same != well || worstPod([]unstructured.Unstructured{*o, *o}) != why || selector(o) != theirs {
			t.Error("read differently the second time")
		}
		if well != (s.health == "") {
			t.Errorf("well is %v, and %+v is said", well, s)
		}
		for _, text := range []string{s.health, s.message, why} {
			if len(text) > maxMessage*3 || strings.ContainsFunc(text, unicode.IsControl) {
				t.Errorf("said %q", text)
			}
		}
	})
}

package cluster

import (
	"context"
	"encoding/json"
	"fmt"

	coordination "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// lease is the lock of an election, over the dynamic client: that of Kubernetes' own would bring every typed client along. What
// was read last is written back with its resource version, so that of two who write one loses.
type lease struct {
	client                    dynamic.ResourceInterface
	namespace, name, identity string
	last                      *unstructured.Unstructured
}

var _ resourcelock.Interface = (*lease)(nil)

// Get reads the record, and its bytes to compare.
func (l *lease) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	o, err := l.client.Get(ctx, l.name, metav1.GetOptions{})
	if err != nil {
		return nil, nil, err // the elector asks whether it is a NotFound of Kubernetes
	}
	var spec coordination.LeaseSpec
	fields, _, _ := unstructured.NestedMap(o.Object, "spec")
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, &spec); err != nil {
		return nil, nil, fmt.Errorf("read lease %s: %w", l.Describe(), err)
	}
	l.last = o
	record := resourcelock.LeaseSpecToLeaderElectionRecord(&spec)
	data, err := json.Marshal(record)
	return record, data, err
}

// Create makes the Lease.
func (l *lease) Create(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": map[string]any{"name": l.name, "namespace": l.namespace}}}
	if err := setRecord(o, r); err != nil {
		return err
	}
	made, err := l.client.Create(ctx, o, metav1.CreateOptions{})
	if err == nil {
		l.last = made
	}
	return err
}

// Update writes the record over what was read last.
func (l *lease) Update(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	if l.last == nil {
		return fmt.Errorf("write lease %s: it was never read", l.Describe())
	}
	o := l.last.DeepCopy()
	if err := setRecord(o, r); err != nil {
		return err
	}
	written, err := l.client.Update(ctx, o, metav1.UpdateOptions{})
	if err == nil {
		l.last = written
	}
	return err
}

func setRecord(o *unstructured.Unstructured, r resourcelock.LeaderElectionRecord) error {
	spec := resourcelock.LeaderElectionRecordToLeaseSpec(&r)
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&spec)
	if err != nil {
		return fmt.Errorf("write a lease: %w", err)
	}
	o.Object["spec"] = fields
	return nil
}

// RecordEvent keeps silent: events would be one more right to ask for.
func (l *lease) RecordEvent(string) {}

// Identity is who asks.
func (l *lease) Identity() string { return l.identity }

// Describe names the Lease.
func (l *lease) Describe() string { return l.namespace + "/" + l.name }

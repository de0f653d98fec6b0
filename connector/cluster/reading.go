package cluster

import (
	"strconv"

	metainternal "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/ferry-cd/ferry/connector"
)

// reading is what is kept of an object: of a page of a list, or of an event, it is made at once, and the object forgotten. So
// the memory of thousands of units is that of what is said about them, whatever else their objects carry.
type reading struct {
	metav1.TypeMeta
	metav1.ObjectMeta // name, namespace, uid and resource version, no more
	unit              *connector.Unit
	source            *Source
}

// DeepCopyObject is part of being an object to Kubernetes' client. A reading is never changed.
func (r *reading) DeepCopyObject() runtime.Object { return r }

func (r *reading) ref(k kind) connector.Ref {
	return connector.Ref{Kind: k.name, Namespace: r.Namespace, Name: r.Name}
}

// read makes the reading of an object.
func (k kind) read(o *unstructured.Unstructured) *reading {
	r := &reading{ObjectMeta: metav1.ObjectMeta{Name: o.GetName(), Namespace: o.GetNamespace(), UID: o.GetUID(), ResourceVersion: o.GetResourceVersion()}}
	o.SetKind(k.name) // a list's entries may leave it out
	if k.unit == nil {
		s := NewSource(o)
		r.source = &s
	} else {
		u := k.unit(o)
		r.unit = &u
	}
	return r
}

// readPage makes the readings of a page of a list.
func (k kind) readPage(l *unstructured.UnstructuredList) *metainternal.List {
	out := &metainternal.List{ListMeta: metav1.ListMeta{ResourceVersion: l.GetResourceVersion(), Continue: l.GetContinue(), RemainingItemCount: l.GetRemainingItemCount()}}
	for i := range l.Items {
		out.Items = append(out.Items, k.read(&l.Items[i]))
		l.Items[i].Object = nil
	}
	return out
}

// readEvent makes the reading of what an event brings. Errors stay what they are.
func (k kind) readEvent(e watch.Event) watch.Event {
	o, ok := e.Object.(*unstructured.Unstructured)
	if !ok || e.Type == watch.Error {
		return e
	}
	if e.Type == watch.Bookmark {
		e.Object = &reading{ObjectMeta: metav1.ObjectMeta{ResourceVersion: o.GetResourceVersion(), Annotations: o.GetAnnotations()}}
		return e
	}
	e.Object = k.read(o)
	return e
}

// older tells whether one resource version is before another. They are numbers in every API server; where they are not, what
// comes last is taken.
func older(a, b string) bool {
	x, errX := strconv.ParseUint(a, 10, 64)
	y, errY := strconv.ParseUint(b, 10, 64)
	return errX == nil && errY == nil && x < y
}

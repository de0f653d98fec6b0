package cluster

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"
)

// discovery asks an API server what it has. That of the client library would bring the types of every kind along.
type discovery struct{ client *rest.RESTClient }

var _ Discovery = (*discovery)(nil)

// newDiscovery leaves config as it is.
func newDiscovery(config *rest.Config) (*discovery, error) {
	types := runtime.NewScheme() // what a server says of itself is of v1, and so are its errors
	metav1.AddToGroupVersion(types, schema.GroupVersion{Version: "v1"})
	own := rest.CopyConfig(config)
	own.NegotiatedSerializer = serializer.NewCodecFactory(types).WithoutConversion()
	client, err := rest.UnversionedRESTClientFor(own)
	if err != nil {
		return nil, err
	}
	return &discovery{client}, nil
}

// ServerResourcesForGroupVersionWithContext lists what there is in one version of a group, as in apps/v1.
func (d *discovery) ServerResourcesForGroupVersionWithContext(ctx context.Context, groupVersion string) (*metav1.APIResourceList, error) {
	list := &metav1.APIResourceList{}
	err := d.client.Get().AbsPath("/apis", groupVersion).Do(ctx).Into(list)
	return list, err
}

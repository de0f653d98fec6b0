package cluster

import (
	"errors"
	"fmt"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Access is a way to a cluster.
type Access struct {
	Client    dynamic.Interface
	Discovery Discovery
	Host      string // of the API server, for people
}

// Connect prepares the way: by a kubeconfig, in one of its contexts ("" is its current one), or with "" as the service account
// of the pod that this runs in. It asks the server nothing yet. agent is what the server's logs show.
func Connect(kubeconfig, context, agent string) (Access, error) {
	config, err := restConfig(kubeconfig, context)
	if err != nil {
		return Access{}, err
	}
	config.UserAgent = agent
	config.QPS, config.Burst = 50, 100
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return Access{}, fmt.Errorf("prepare a client of %s: %w", config.Host, err)
	}
	config.Timeout = 15 * time.Second // of the answers about what the server has; watches have no end
	found, err := newDiscovery(config)
	if err != nil {
		return Access{}, fmt.Errorf("prepare a client of %s: %w", config.Host, err)
	}
	return Access{Client: client, Discovery: found, Host: config.Host}, nil
}

func restConfig(kubeconfig, context string) (*rest.Config, error) {
	if kubeconfig == "" {
		config, err := rest.InClusterConfig()
		if errors.Is(err, rest.ErrNotInCluster) {
			return nil, notInCluster{}
		}
		if err != nil {
			return nil, fmt.Errorf("read the service account of this pod: %w", err)
		}
		return config, nil
	}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		&clientcmd.ClientConfigLoadingRules{ExplicitPath: kubeconfig, Warner: func(error) {}},
		&clientcmd.ConfigOverrides{CurrentContext: context}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig %s: %w", kubeconfig, err)
	}
	return config, nil
}

// notInCluster says that there is no service account to be had.
type notInCluster struct{}

func (notInCluster) Error() string { return "this is no pod of a cluster, and no kubeconfig was given" }

// Hint says what to do.
func (notInCluster) Hint() string { return "outside of a cluster, give one with --kubeconfig" }

// Package cluster watches the engines of one Kubernetes cluster and gives what they say in the words of connector. It alone
// knows the cluster's client. It writes nothing but the Lease of the election.
//
//	flux, helmrelease, argocd   objects as they come -> connector.Unit; pure, and no content makes them fail
//	source, resolve             what a Flux unit applies, and where that comes from
package cluster

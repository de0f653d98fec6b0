// Package cluster watches the engines of one Kubernetes cluster and gives what they say in the words of connector. It alone
// knows the cluster's client. It writes nothing but the Lease of the election.
//
//	flux, helmrelease, argocd   objects as they come -> connector.Unit; pure, and no content makes them fail
//	source, resolve             what a Flux unit applies, and where that comes from
//	watch, feed                 which kinds the cluster has, and a reflector of Kubernetes' client for each
//	seek                        Applications that somebody means who does not know their names
//	reading, memory             the newest reading of every object; the objects themselves are not kept
//	detail                      units in trouble: what their workloads and pods say
//	election, lease             who of several connectors leads
//	kinds                       what is watched, and Verbs: every right that is used
package cluster

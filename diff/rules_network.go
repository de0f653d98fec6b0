package diff

import (
	"net/netip"
	"slices"
	"strconv"
)

var networkRules = []Rule{
	{
		ID: "service-exposed", Level: High, Title: "Service opened to the outside",
		Why:  "A LoadBalancer or NodePort makes it reachable from outside the cluster.",
		Good: Example{New: `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: ClusterIP}}`},
		Bad:  Example{New: `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: LoadBalancer}}`},
		find: exposed,
	},
	{
		ID: "network-policy-loosened", Level: High, Title: "NetworkPolicy loosened",
		Why: "Connections that were cut off are let through.",
		Good: Example{
			Old: `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}, spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}}`,
			New: `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}, spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.1.0.0/16}}], ports: [{port: 80}]}]}}`,
		},
		Bad: Example{
			Old: `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}, spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}}`,
			New: `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}, spec: {podSelector: {}, ingress: [{}]}}`,
		},
		find: loosened,
	},
}

func exposed(s *scene) []spot {
	is, was := s.new.at("spec", "type").str(), s.old.at("spec", "type").str()
	if !s.is("/Service") || is == was || is != "LoadBalancer" && (is != "NodePort" || was == "LoadBalancer") {
		return nil
	}
	return []spot{{"spec.type", "reachable from outside the cluster as " + is}}
}

func loosened(s *scene) []spot {
	if s.old == nil || !s.is("networking.k8s.io/NetworkPolicy", "cilium.io/CiliumNetworkPolicy", "crd.projectcalico.org/NetworkPolicy") {
		return nil
	}
	if s.new == nil {
		return []spot{{"", "is deleted: the connections it cut off are let through"}}
	}
	if s.id.Group != "networking.k8s.io" {
		return nil
	}
	var found []spot
	before, after := s.old.get("spec"), s.new.get("spec")
	if !selectorCovers(after.get("podSelector"), before.get("podSelector")) {
		found = append(found, spot{"spec.podSelector", "no longer covers all the pods it did"})
	}
	for _, way := range []way{{"ingress", "from", "Ingress"}, {"egress", "to", "Egress"}} {
		found = append(found, way.loosened(before, after)...)
	}
	return found
}

// way is one of the two directions of a NetworkPolicy.
type way struct{ rules, peers, kind string }

func (w way) loosened(before, after *node) []spot {
	switch {
	case !w.isCut(before):
		return nil
	case !w.isCut(after):
		return []spot{{"spec.policyTypes", "no longer limits " + w.rules}}
	}
	old := w.openings(before)
	var found []spot
	for i, rule := range after.get(w.rules).list() {
		for _, o := range w.openingsOf(rule) {
			if !slices.ContainsFunc(old, o.within) {
				found = append(found, spot{"spec." + w.rules + "[" + strconv.Itoa(i) + "]", "lets " + o.String() + " through"})
				break
			}
		}
	}
	return found
}

// isCut tells whether a policy limits a direction at all; without policyTypes it limits what goes out only by rules for it.
func (w way) isCut(spec *node) bool {
	if types := spec.get("policyTypes").strings(); len(types) > 0 {
		return slices.Contains(types, w.kind)
	}
	return w.kind == "Ingress" || len(spec.get(w.rules).list()) > 0
}

// opening is one peer on one port; nil means any.
type opening struct{ peer, port *node }

// mostOpenings bounds what is read of one policy.
const mostOpenings = 2000

func (w way) openings(spec *node) []opening {
	var all []opening
	for _, rule := range spec.get(w.rules).list() {
		all = append(all, w.openingsOf(rule)...)
		if len(all) > mostOpenings {
			break
		}
	}
	return all
}

func (w way) openingsOf(rule *node) []opening {
	peers, ports := rule.get(w.peers).list(), rule.get("ports").list()
	if len(peers) == 0 {
		peers = []*node{nil}
	}
	if len(ports) == 0 {
		ports = []*node{nil}
	}
	var all []opening
	for _, peer := range peers[:min(len(peers), mostOpenings)] {
		for _, port := range ports {
			all = append(all, opening{peer, port})
			if len(all) > mostOpenings {
				return all
			}
		}
	}
	return all
}

// within tells whether another opening already lets all of this one through.
func (o opening) within(old opening) bool {
	if old.port != nil && (o.port == nil || !portCovers(old.port, o.port)) {
		return false
	}
	return old.peer == nil || o.peer != nil && peerCovers(old.peer, o.peer)
}

func (o opening) String() string {
	who, where := "anyone", ""
	switch {
	case o.peer.get("ipBlock").isSet():
		who = o.peer.at("ipBlock", "cidr").scalar()
	case o.peer != nil:
		who = "other pods"
	}
	if port := o.port.get("port"); port.isSet() {
		where = " on port " + port.scalar()
	}
	return who + where
}

func portCovers(old, new *node) bool {
	protocol := func(n *node) string {
		if p := n.get("protocol").str(); p != "" {
			return p
		}
		return "TCP"
	}
	if protocol(old) != protocol(new) {
		return false
	}
	if !old.get("port").isSet() {
		return true
	}
	return same(old.get("port"), new.get("port")) && (same(old.get("endPort"), new.get("endPort")) || !new.get("endPort").isSet())
}

func peerCovers(old, new *node) bool {
	a, b := old.get("ipBlock"), new.get("ipBlock")
	if a.isSet() || b.isSet() {
		return a.isSet() && b.isSet() && blockCovers(a, b)
	}
	if old.get("namespaceSelector").isSet() != new.get("namespaceSelector").isSet() {
		return false
	}
	return selectorCovers(old.get("namespaceSelector"), new.get("namespaceSelector")) && selectorCovers(old.get("podSelector"), new.get("podSelector"))
}

// blockCovers compares address blocks; what the old one leaves out the new one must leave out too, or not reach.
func blockCovers(old, new *node) bool {
	outer, err := netip.ParsePrefix(old.get("cidr").str())
	if err != nil {
		return same(old, new)
	}
	inner, err := netip.ParsePrefix(new.get("cidr").str())
	if err != nil || !outer.Contains(inner.Addr()) || outer.Bits() > inner.Bits() {
		return false
	}
	left := new.get("except").strings()
	return !slices.ContainsFunc(old.get("except").strings(), func(e string) bool {
		hole, err := netip.ParsePrefix(e)
		return !slices.Contains(left, e) && (err != nil || hole.Overlaps(inner))
	})
}

// selectorCovers tells whether everything that b selects is selected by a; a selector without terms selects all.
func selectorCovers(a, b *node) bool {
	for _, p := range a.get("matchLabels").fields() {
		if v := b.at("matchLabels", p.key); v == nil || v.scalar() != p.value.scalar() {
			return false
		}
	}
	others := b.get("matchExpressions").list()
	return !slices.ContainsFunc(a.get("matchExpressions").list(), func(term *node) bool {
		return !slices.ContainsFunc(others, func(o *node) bool { return same(term, o) })
	})
}

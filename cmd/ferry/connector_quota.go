package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/connector/config"
	"github.com/ferry-cd/ferry/connector/operate"
	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// spender is a client that uses up what a forge allows a credential. Many may share one.
type spender struct {
	forge, credential string
	client            interface{ Quotas() map[string]door.Quota }
}

// spends notes the client of a destination, where its forge says what it leaves.
func (r *running) spends(destination string, who config.Credentials, forge scm.Client) {
	tells, ok := forge.(interface{ Quotas() map[string]door.Quota })
	if !ok {
		return
	}
	host, path, _ := strings.Cut(destination, "/")
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spend = append(r.spend, spender{host, spenderName(who, path), tells})
}

// spenderName names a credential as its forge counts it. Of a GitHub App each installation has a limit of its own, and it is
// installed in accounts.
func spenderName(who config.Credentials, path string) string {
	if who.AppID != "" {
		account, _, _ := strings.Cut(path, "/")
		return "app " + who.AppID + " of " + account
	}
	return cmp.Or(paceOf(who, ""), "none")
}

// quotas is the newest that each forge said of each credential, whichever client heard it.
func quotas(spenders []spender) []operate.Quota {
	type limit struct{ forge, credential, resource string }
	newest := map[limit]door.Quota{}
	for _, s := range spenders {
		for resource, q := range s.client.Quotas() {
			at := limit{s.forge, s.credential, resource}
			if have, ok := newest[at]; !ok || q.Told.After(have.Told) {
				newest[at] = q
			}
		}
	}
	var out []operate.Quota
	for at, q := range newest {
		out = append(out, operate.Quota{Forge: at.forge, Credential: at.credential, Resource: at.resource, Quota: q})
	}
	slices.SortFunc(out, func(a, b operate.Quota) int {
		return cmp.Or(strings.Compare(a.Forge, b.Forge), strings.Compare(a.Credential, b.Credential), strings.Compare(a.Resource, b.Resource))
	})
	return out
}

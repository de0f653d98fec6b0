package azure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/scm"
)

// gitSecurity is the namespace of permissions on repositories, and its bits:
// https://learn.microsoft.com/azure/devops/organizations/security/namespace-reference#git-repositories-token-structure
const (
	gitSecurity   = "2e9eb7ed-3c0a-47d4-87c1-0ffdf275fd87"
	administer    = 1
	read          = 2
	contribute    = 4
	forcePush     = 8
	createBranch  = 16
	pullContrib   = 16384
	bypassOnMerge = 32768
)

// needed is what a promotion does, by the names that the settings of a repository show.
var needed = []struct {
	bit  int
	name string
}{
	{read, "Read"}, {contribute, "Contribute"}, {createBranch, "Create branch"}, {forcePush, "Force push (rewrite history, delete branches)"},
	{pullContrib, "Contribute to pull requests"},
}

// Permissions implements scm.Permitted. The scopes of a personal access token cannot be asked for.
func (c *Client) Permissions(ctx context.Context) (scm.Permissions, error) {
	out, err := c.permissions(ctx)
	if err != nil {
		return scm.Permissions{}, fmt.Errorf("ask for permissions on %s: %w", c, err)
	}
	return out, nil
}

func (c *Client) permissions(ctx context.Context) (scm.Permissions, error) {
	bits := []int{administer}
	for _, n := range needed {
		bits = append(bits, n.bit)
	}
	has, err := c.mayAll(ctx, bits)
	if err != nil {
		return scm.Permissions{}, err
	}
	out := scm.Permissions{Admin: has[0], Unknown: []string{"the scopes Code (read, write and status) and Identity (read) of a personal access token"}}
	for i, n := range needed {
		if !has[i+1] {
			out.Missing = append(out.Missing, n.name)
		}
	}
	return out, nil
}

func (c *Client) may(ctx context.Context, bit int) (bool, error) {
	has, err := c.mayAll(ctx, []int{bit})
	return err == nil && has[0], err
}

// mayAll asks for several permissions of this client in one call.
func (c *Client) mayAll(ctx context.Context, bits []int) ([]bool, error) {
	at, err := c.where(ctx)
	if err != nil {
		return nil, err
	}
	type ask struct {
		Namespace string `json:"securityNamespaceId"`
		Token     string `json:"token"`
		Bits      int    `json:"permissions"`
		Value     bool   `json:"value"`
	}
	type batch struct {
		Evaluations []ask `json:"evaluations"`
	}
	var in, got batch
	for _, bit := range bits {
		in.Evaluations = append(in.Evaluations, ask{Namespace: gitSecurity, Token: at.tokens()[0], Bits: bit})
	}
	_, err = c.do(repeatable(ctx), call{method: http.MethodPost, path: under("_apis", "security", "permissionevaluationbatch"), in: in, out: &got})
	if err == nil && len(got.Evaluations) != len(bits) {
		err = errors.New("the server answered other questions than were asked")
	}
	out := make([]bool, len(bits))
	for i := range got.Evaluations {
		if i < len(out) {
			out[i] = got.Evaluations[i].Value
		}
	}
	return out, err
}

// tokens are the places where permissions of the repository are set, the nearest first.
func (p place) tokens() []string {
	return []string{"repoV2/" + p.project + "/" + p.repository + "/", "repoV2/" + p.project + "/", "repoV2/"}
}

// entries of an access control list: what each group or person is allowed and denied, by descriptor.
type entries struct {
	Token   string `json:"token"`
	Inherit bool   `json:"inheritPermissions"`
	By      map[string]struct {
		Allow int `json:"allow"`
		Deny  int `json:"deny"`
	} `json:"acesDictionary"`
}

// writers tells who of those who spoke may push now, by id. Where this client may not know, nobody may: the caller counts
// only who surely does.
func (c *Client) writers(ctx context.Context, all []given) (map[string]bool, error) {
	var ids []string
	for _, g := range all {
		if !slices.Contains(ids, g.by.ID) {
			ids = append(ids, g.by.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	people, lists, err := c.access(ctx, ids)
	if err != nil {
		return nil, ignoreForbidden(err)
	}
	out := map[string]bool{}
	for _, p := range people {
		out[p.ID] = p.Active && allowed(lists, append(p.MemberOf, p.Descriptor), contribute)
	}
	return out, nil
}

// access reads people with all their groups, and what is set for the repository.
func (c *Client) access(ctx context.Context, ids []string) ([]foundIdentity, []entries, error) {
	at, err := c.where(ctx)
	if err != nil {
		return nil, nil, err
	}
	var people list[foundIdentity]
	_, err = c.do(ctx, call{people: true, path: under("_apis", "identities"), out: &people,
		query: url.Values{"identityIds": {strings.Join(ids, ",")}, "queryMembership": {"ExpandedUp"}}})
	if err != nil {
		return nil, nil, err
	}
	lists, err := c.lists(ctx, at)
	return people.Value, lists, err
}

// lists are what is set for the repository and above it, read once in a run.
func (c *Client) lists(ctx context.Context, at place) ([]entries, error) {
	c.asked.mu.Lock()
	known := c.asked.lists
	c.asked.mu.Unlock()
	if known != nil {
		return known, nil
	}
	lists := []entries{}
	for _, token := range at.tokens() {
		var got list[entries]
		_, err := c.do(ctx, call{path: under("_apis", "accesscontrollists", gitSecurity), out: &got,
			query: url.Values{"token": {token}, "recurse": {"false"}}})
		if err != nil {
			return nil, err
		}
		for _, l := range got.Value {
			if strings.TrimSuffix(l.Token, "/") == strings.TrimSuffix(token, "/") {
				lists = append(lists, l)
			}
		}
	}
	c.asked.mu.Lock()
	defer c.asked.mu.Unlock()
	c.asked.lists = lists
	return lists, nil
}

// allowed works out a permission as the server does: the nearest place that says something decides, and there a denial
// outweighs.
func allowed(lists []entries, descriptors []string, bit int) bool {
	for _, l := range lists {
		allow := false
		for _, d := range descriptors {
			if l.By[d].Deny&bit != 0 {
				return false
			}
			allow = allow || l.By[d].Allow&bit != 0
		}
		if allow || !l.Inherit {
			return allow
		}
	}
	return false
}

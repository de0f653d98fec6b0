package azure

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/scm"
)

const teamPrefix = "team/"

// who tells who this client is.
func (c *Client) who(ctx context.Context) (identity, error) {
	c.asked.mu.Lock()
	known := c.asked.self
	c.asked.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	var got struct {
		User struct {
			ID         string `json:"id"`
			Name       string `json:"providerDisplayName"`
			Properties map[string]struct {
				Value string `json:"$value"`
			} `json:"properties"`
		} `json:"authenticatedUser"`
	}
	if _, err := c.do(ctx, call{path: under("_apis", "connectionData"), preview: true, out: &got}); err != nil {
		return identity{}, err
	}
	self := identity{ID: got.User.ID, Name: got.User.Properties["Account"].Value, Display: got.User.Name}
	if self.ID == "" || self.ID == anonymous {
		return identity{}, fmt.Errorf("the server takes this client for nobody: %w", scm.ErrUnauthorized)
	}
	if self.Name == "" {
		self.Name = self.ID
	}
	c.asked.mu.Lock()
	defer c.asked.mu.Unlock()
	c.asked.self = &self
	return self, nil
}

// anonymous is the identity of those without credentials, in every organization.
const anonymous = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"

// Self implements scm.Client.
func (c *Client) Self(ctx context.Context) (string, error) {
	self, err := c.who(ctx)
	if err != nil {
		return "", fmt.Errorf("ask %s who this client is: %w", c.o.URL, err)
	}
	return self.Name, nil
}

// mine tells whether an identity is this client's.
func (c *Client) mine(ctx context.Context, i identity) bool {
	self, err := c.who(ctx)
	return err == nil && self.ID == i.ID
}

// place is what the names of the repository stand for.
type place struct{ project, repository string }

func (c *Client) where(ctx context.Context) (place, error) {
	c.asked.mu.Lock()
	known := c.asked.place
	c.asked.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	var got repository
	if _, err := c.do(ctx, call{path: c.repo(), out: &got}); err != nil {
		return place{}, err
	}
	c.asked.mu.Lock()
	defer c.asked.mu.Unlock()
	c.asked.place = &place{project: got.Project.ID, repository: got.ID}
	return *c.asked.place, nil
}

// Members implements scm.Teams. Groups within a team are not looked into: who is not named does not count.
func (c *Client) Members(ctx context.Context, team string) ([]string, error) {
	type member struct {
		Identity identity `json:"identity"`
	}
	all, err := counted[member](ctx, c, call{path: under("_apis", "projects", c.project, "teams", strings.TrimPrefix(team, teamPrefix), "members")},
		"$top", "$skip", c.o.Page)
	if err != nil {
		return nil, fmt.Errorf("read the members of team %s of %s: %w", team, c.project, err)
	}
	names := []string{}
	for _, m := range all {
		if !m.Identity.Container && m.Identity.Name != "" {
			names = append(names, m.Identity.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// found is an identity as the identity service has it.
type foundIdentity struct {
	ID         string   `json:"id"`
	Descriptor string   `json:"descriptor"`
	Active     bool     `json:"isActive"`
	Container  bool     `json:"isContainer"`
	MemberOf   []string `json:"memberOf"`
	Properties map[string]struct {
		Value any `json:"$value"`
	} `json:"properties"`
}

func (f foundIdentity) property(name string) string {
	s, _ := f.Properties[name].Value.(string)
	return s
}

// called tells whether somebody has exactly this name: account or mail address.
func (f foundIdentity) called(name string) bool {
	return !f.Container && slices.ContainsFunc([]string{f.property("Account"), f.property("Mail")}, func(n string) bool {
		return strings.EqualFold(n, name)
	})
}

// identify gives the id of the one person, or team, of that name; ErrNotFound where there is none or several.
func (c *Client) identify(ctx context.Context, name string) (string, error) {
	if team, ok := strings.CutPrefix(name, teamPrefix); ok {
		var got identityRef
		_, err := c.do(ctx, call{path: under("_apis", "projects", c.project, "teams", team), out: &got})
		return got.ID, err
	}
	var got list[foundIdentity]
	_, err := c.do(ctx, call{people: true, path: under("_apis", "identities"), out: &got,
		query: url.Values{"searchFilter": {"General"}, "filterValue": {name}, "queryMembership": {"None"}}})
	if err != nil {
		return "", err
	}
	exact := slices.DeleteFunc(got.Value, func(f foundIdentity) bool { return !f.called(name) })
	if len(exact) != 1 {
		return "", fmt.Errorf("%d people are called %s: %w", len(exact), name, scm.ErrNotFound)
	}
	return exact[0].ID, nil
}

// reviewerIDs resolves who is to be asked. There are no assignees here: they are asked to review. Who is unknown, or the
// author, is noted as not asked.
func (e *ensuring) reviewerIDs(ctx context.Context, author string) ([]string, error) {
	asked := slices.Concat(e.want.Reviewers, e.want.Assignees)
	if len(asked) == 0 {
		return nil, nil
	}
	if author == "" {
		self, err := e.c.who(ctx)
		if err != nil {
			return nil, err
		}
		author = self.ID
	}
	var ids []string
	for _, name := range asked {
		id, err := e.id(ctx, name)
		switch {
		case errors.Is(err, scm.ErrNotFound), errors.Is(err, scm.ErrForbidden), err == nil && id == author:
			e.unasked = append(e.unasked, name)
		case err != nil:
			return nil, fmt.Errorf("look for %s: %w", name, err)
		case !slices.Contains(ids, id):
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// id takes what the pull request already tells before it asks.
func (e *ensuring) id(ctx context.Context, name string) (string, error) {
	if e.is != nil {
		for _, r := range e.is.Reviewers {
			if !r.Container && strings.EqualFold(r.Name, name) {
				return r.ID, nil
			}
		}
	}
	return e.c.identify(ctx, name)
}

// named is what an id was asked as, as far as the pull request tells.
func (e *ensuring) named(id string) string {
	for _, r := range e.is.Reviewers {
		if r.ID == id {
			return r.Name
		}
	}
	return id
}

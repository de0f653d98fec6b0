package gitlab

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/xanzy/go-gitlab"

	"github.com/ferry-cd/ferry/scm"
)

// key is how usernames are compared: GitLab does not tell upper from lower case in them.
func key(username string) string { return strings.ToLower(strings.TrimPrefix(username, "@")) }

// ids resolves people to the numbers by which GitLab asks them, each once. A group cannot be asked to review: team/NAME is
// nobody here.
func (c *Client) ids(ctx context.Context, names []string) (map[string]int, error) {
	out := map[string]int{}
	for _, n := range names {
		if strings.HasPrefix(n, "team/") {
			continue
		}
		id, err := c.id(ctx, key(n))
		if err != nil {
			return nil, fmt.Errorf("look %s up: %w", n, err)
		}
		out[key(n)] = id
	}
	return out, nil
}

func (c *Client) id(ctx context.Context, username string) (int, error) {
	c.mu.Lock()
	id, known := c.users[username]
	c.mu.Unlock()
	if known {
		return id, nil
	}
	users, _, err := c.api.Users.ListUsers(&gitlab.ListUsersOptions{Username: &username}, with(ctx))
	if err != nil {
		return 0, c.meaning(err)
	}
	for _, u := range users {
		if key(u.Username) == username {
			id = u.ID
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.users[username] = id
	return id, nil
}

// writers tells which of some people may push to the project now: Developers and above, by whatever way they became that.
func (c *Client) writers(ctx context.Context, ids []int) (map[int]bool, error) {
	out := map[int]bool{}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) == 0 {
		return out, nil
	}
	members, err := all(func(page gitlab.ListOptions) ([]*gitlab.ProjectMember, *gitlab.Response, error) {
		return c.api.ProjectMembers.ListAllProjectMembers(c.pid, &gitlab.ListProjectMembersOptions{ListOptions: page, UserIDs: &ids}, with(ctx))
	})
	if absent(err) {
		return out, nil // who cannot be looked up does not count
	}
	for _, m := range members {
		if m.State == "active" && m.AccessLevel >= gitlab.DeveloperPermissions {
			out[m.ID] = true
		}
	}
	return out, c.meaning(err)
}

// Members implements scm.Teams: a team is a group, and its people are all who have a role in it, inherited or invited.
func (c *Client) Members(ctx context.Context, team string) ([]string, error) {
	for _, group := range c.groups(team) {
		members, err := all(func(page gitlab.ListOptions) ([]*gitlab.GroupMember, *gitlab.Response, error) {
			return c.api.Groups.ListAllGroupMembers(group, &gitlab.ListGroupMembersOptions{ListOptions: page}, with(ctx))
		})
		if absent(err) {
			continue
		}
		if err != nil {
			return nil, c.about("read the members of "+group, c.meaning(err))
		}
		return active(members), nil
	}
	return nil, c.about("read the members of "+team, fmt.Errorf("no such group, or none that this account may see: %w", scm.ErrNotFound))
}

func active(members []*gitlab.GroupMember) []string {
	var out []string
	for _, m := range members {
		if m.State == "active" {
			out = append(out, m.Username)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// groups gives the full paths that a team may have. One with a slash is a full path; another one lies in a group above the
// project, the nearest first, or is one of those: a group elsewhere with the same name is strangers'.
func (c *Client) groups(team string) []string {
	if !isPath("x/" + team) {
		return nil
	}
	if strings.Contains(team, "/") {
		return []string{team}
	}
	var out []string
	for above := path.Dir(c.pid); above != "."; above = path.Dir(above) {
		out = append(out, above+"/"+team)
		if path.Base(above) == team {
			out = append(out, above)
		}
	}
	return out
}

// MayWrite implements scm.People.
func (c *Client) MayWrite(ctx context.Context, names []string) (map[string]bool, error) {
	ids, err := c.ids(ctx, names)
	if err != nil {
		return nil, err
	}
	var known []int
	for _, id := range ids {
		if id != 0 {
			known = append(known, id)
		}
	}
	writers, err := c.writers(ctx, known)
	if err != nil {
		return nil, fmt.Errorf("ask who may write: %w", err)
	}
	out := map[string]bool{}
	for _, n := range names {
		out[n] = writers[ids[key(n)]]
	}
	return out, nil
}

package gitlab

import (
	"context"

	"github.com/xanzy/go-gitlab"
)

// What the tables' tests look at.
var (
	States     = states
	Said       = said
	Heard      = heard
	Deployed   = deployed
	Inert      = inert
	AsRead     = asRead
	TitleFor   = titleFor
	TitleOf    = titleOf
	Matches    = matches
	Methods    = methods
	MaxStatus  = maxStatusText
	InertTo    = inertWithin
	StatusRow  = status
	Translated = pullRequest
)

// StatusWords are the words of detailed_merge_status that the driver knows.
func StatusWords() []string {
	var out []string
	for w := range mergeable {
		out = append(out, w)
	}
	return out
}

// Obstacle is what the driver makes of such a word.
func (c *Client) Obstacle(ctx context.Context, word string) (unsettledYet bool, err error) {
	mr := &gitlab.MergeRequest{IID: 1, SourceBranch: "head", TargetBranch: "main", DetailedMergeStatus: word}
	mr.User.CanMerge = true
	return unsettled(word), c.obstacle(ctx, mr)
}

// Meaning is what the driver makes of an error of the way.
func (c *Client) Meaning(err error) error { return c.meaning(err) }

// Groups are the paths in which a team is looked for.
func (c *Client) Groups(team string) []string { return c.groups(team) }

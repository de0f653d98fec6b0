package gitea

import (
	"context"
	"fmt"

	"code.gitea.io/sdk/gitea"
)

const labelColour = "#0075ca"

// labelIDs gives the numbers of labels, which it makes where the repository has none of that name. What was asked for
// once is remembered.
func (c *Client) labelIDs(ctx context.Context, names []string) ([]int64, error) {
	if len(names) > 0 && !c.knowsLabels(names) {
		if err := c.readLabels(ctx); err != nil {
			return nil, fmt.Errorf("read labels: %w", err)
		}
	}
	var ids []int64
	for _, name := range names {
		id, ok := c.label(name)
		if !ok {
			made, _, err := c.api(ctx).CreateLabel(c.owner, c.name, gitea.CreateLabelOption{Name: name, Color: labelColour})
			if err != nil {
				return nil, fmt.Errorf("make label %s: %w", name, err)
			}
			id = made.ID
			c.learn(name, id)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (c *Client) knowsLabels(names []string) bool {
	for _, name := range names {
		if _, ok := c.label(name); !ok {
			return false
		}
	}
	return true
}

func (c *Client) label(name string) (int64, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id, ok := c.labels[name]
	return id, ok
}

// learn remembers a label; of several with one name, the first that was made.
func (c *Client) learn(name string, id int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.labels[name]; !ok || id < known {
		c.labels[name] = id
	}
}

func (c *Client) readLabels(ctx context.Context) error {
	all, err := pages(func(o gitea.ListOptions) ([]*gitea.Label, *gitea.Response, error) {
		return c.api(ctx).ListRepoLabels(c.owner, c.name, gitea.ListLabelsOptions{ListOptions: o})
	})
	for _, l := range all {
		c.learn(l.Name, l.ID)
	}
	return err
}

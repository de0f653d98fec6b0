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

// LinkWorkItems implements scm.Linker. A link lives in the work item; one that is there already is left alone.
func (c *Client) LinkWorkItems(ctx context.Context, number int, ids []int) error {
	at, err := c.where(ctx)
	if err == nil {
		_, err = c.read(ctx, number)
	}
	if err != nil {
		return c.about(number, "link work items to", err)
	}
	artifact := "vstfs:///Git/PullRequestId/" + url.QueryEscape(fmt.Sprintf("%s/%s/%d", at.project, at.repository, number))
	var errs []error
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		if err := c.link(ctx, id, artifact); err != nil {
			errs = append(errs, fmt.Errorf("work item %d: %w", id, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return c.about(number, "link work items to", err)
	}
	return nil
}

// workItem as far as it matters here.
type workItem struct {
	Revision  int `json:"rev"`
	Relations []struct {
		Kind string `json:"rel"`
		URL  string `json:"url"`
	} `json:"relations"`
}

func (c *Client) link(ctx context.Context, id int, artifact string) error {
	var is workItem
	at := under(c.project, "_apis", "wit", "workitems", id)
	return c.api.Settle(ctx, func(ctx context.Context) (bool, error) {
		if id <= 0 {
			return false, scm.ErrNotFound
		}
		is = workItem{}
		_, err := c.do(ctx, call{path: at, query: url.Values{"$expand": {"relations"}}, out: &is})
		for _, r := range is.Relations {
			if r.Kind == "ArtifactLink" && strings.EqualFold(r.URL, artifact) {
				return true, err
			}
		}
		return false, err
	}, func(ctx context.Context) error {
		type operation struct {
			Op    string `json:"op"`
			Path  string `json:"path"`
			Value any    `json:"value"`
		}
		// The revision makes sure that two links asked for at once do not become one twice.
		_, err := c.do(ctx, call{method: http.MethodPatch, path: at, patch: true, in: []operation{
			{"test", "/rev", is.Revision},
			{"add", "/relations/-", map[string]any{"rel": "ArtifactLink", "url": artifact, "attributes": map[string]string{"name": "Pull Request"}}},
		}})
		return err
	})
}

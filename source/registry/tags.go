package registry

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/ferry-cd/ferry/door"
)

// Bounds of a list of tags. Popular repositories have tens of thousands.
const (
	maxTags  = 200_000
	maxPages = 2_000
	pageSize = 1_000
)

var tagForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
})

// Tags lists the tags of a repository, sorted. A list that does not end, goes elsewhere, or holds what no tag can be is an
// error.
func (c *Client) Tags(ctx context.Context, repository string) ([]string, error) {
	p, err := c.place(repository)
	if err != nil {
		return nil, err
	}
	var all []string
	what := "the tags of " + repository
	q := url.Values{"n": {strconv.Itoa(pageSize)}}
	for page := 1; q != nil; page++ {
		if page > maxPages {
			return nil, contentf(what, "the list has more than %d pages", maxPages)
		}
		a, err := c.ask(ctx, p, question{method: http.MethodGet, path: "tags/list?" + q.Encode(), accept: "application/json", what: what})
		if err != nil {
			return nil, err
		}
		some, err := readTags(what, a.body)
		if err != nil {
			return nil, err
		}
		if all = append(all, some...); len(all) > maxTags {
			return nil, contentf(what, "there are more than %d", maxTags)
		}
		if q, err = nextPage(what, p, a.header, q, len(some)); err != nil {
			return nil, err
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

func readTags(what string, body []byte) ([]string, error) {
	var words struct {
		Tags []string `json:"tags"`
	}
	if err := json.Unmarshal(body, &words); err != nil {
		return nil, contentf(what, "the registry gave no list of tags")
	}
	for _, tag := range words.Tags {
		if !tagForm().MatchString(tag) {
			return nil, contentf(what, "the registry names %q, which cannot be a tag", door.Excerpt([]byte(tag)))
		}
	}
	return words.Tags, nil
}

// nextPage reads the Link header (RFC 8288), of which only the query is taken: the next page lies where this one did.
func nextPage(what string, p place, h http.Header, now url.Values, got int) (url.Values, error) {
	link := h.Get("Link")
	if link == "" {
		return nil, nil
	}
	target, rest, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(link), "<"), ">")
	if !ok || !strings.Contains(rest, "next") {
		return nil, nil
	}
	u, err := url.Parse(target)
	if err != nil {
		return nil, contentf(what, "the registry names a next page that is no address")
	}
	if u.Host != "" && u.Host != p.host.name {
		return nil, contentf(what, "the registry says that the list goes on at %s, another host", door.Excerpt([]byte(u.Host)))
	}
	next := u.Query()
	if got == 0 || next.Encode() == now.Encode() {
		return nil, contentf(what, "the list does not end: a page leads to itself or holds nothing")
	}
	return next, nil
}

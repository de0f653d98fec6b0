package github

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// actor is whoever did something.
type actor struct {
	Typename string `json:"__typename"`
	Login    string `json:"login"`
}

// name is the account as others call it. GraphQL leaves out what marks a bot, except for the viewer.
func (a *actor) name() string {
	if a == nil {
		return account("")
	}
	if a.Typename == "Bot" && !strings.HasSuffix(a.Login, botMark) {
		return account(a.Login + botMark)
	}
	return account(a.Login)
}

// botMark ends the logins of Apps, as REST gives them. Everybody else says app/NAME.
const botMark = "[bot]"

// account is what ferry calls a login.
func account(login string) string {
	if login == "" {
		return "ghost" // https://github.com/ghost stands for accounts that were deleted
	}
	if name, is := strings.CutSuffix(login, botMark); is {
		return "app/" + name
	}
	return login
}

// query asks by GraphQL; nothing changes, so that it may be repeated.
func (c *Client) query(ctx context.Context, text string, variables map[string]any, into any) error {
	return c.graphql(door.Repeatable(ctx), text, variables, into)
}

// graphql sends a query or a mutation.
func (c *Client) graphql(ctx context.Context, text string, variables map[string]any, into any) error {
	body, err := json.Marshal(map[string]any{"query": text, "variables": variables})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.graphqlURL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if err := github.CheckResponse(res); err != nil {
		return c.said(err)
	}
	return decode(res, into)
}

// decode reads the answer to a query. Parts that are missing come with an error each, beside the rest of the data; an
// answer with errors counts as none, but for what notFound tells.
func decode(res *http.Response, into any) error {
	var reply struct {
		Data   json.RawMessage
		Errors []queryError
	}
	if err := json.NewDecoder(res.Body).Decode(&reply); err != nil {
		return fmt.Errorf("read the answer to a query: %w", err)
	}
	if len(reply.Errors) > 0 {
		var all []error
		for _, e := range reply.Errors {
			e.requestID = door.Excerpt([]byte(res.Header.Get("X-GitHub-Request-Id")))
			all = append(all, &e)
		}
		return errors.Join(all[:min(len(all), 3)]...)
	}
	if err := json.Unmarshal(reply.Data, into); err != nil {
		return fmt.Errorf("read the answer to a query: %w", err)
	}
	return nil
}

// queryError is one of an answer's errors.
type queryError struct {
	Type      string
	Message   string
	Path      []any
	requestID string
}

// queryKinds are the meanings of the types of errors.
var queryKinds = map[string]error{
	"NOT_FOUND":           scm.ErrNotFound,
	"FORBIDDEN":           scm.ErrForbidden,
	"INSUFFICIENT_SCOPES": scm.ErrForbidden,
	"UNPROCESSABLE":       scm.ErrInvalid,
	"STALE_DATA":          scm.ErrConflict,
	"RATE_LIMITED":        &scm.RateLimitedError{},
}

func (e *queryError) Error() string {
	text := fmt.Sprintf("GitHub says %q", door.Excerpt([]byte(e.Message)))
	if e.requestID != "" {
		text += " (request " + e.requestID + ")"
	}
	return text
}

// Unwrap implements the interface of errors.Is.
func (e *queryError) Unwrap() error { return queryKinds[e.Type] }

// abilities are what a server's GraphQL can. github.com can everything; GitHub Enterprise is asked.
type abilities struct {
	queues    bool // merge queues
	autoMerge bool
}

// abilities asks a GitHub Enterprise Server once what it knows: versions differ, and administrators switch things off.
func (c *Client) abilities(ctx context.Context) (abilities, error) {
	c.mu.Lock()
	known := c.can
	c.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	can := abilities{queues: true, autoMerge: true}
	if c.enterprise() {
		var err error
		if can, err = c.askAbilities(ctx); err != nil {
			return abilities{}, fmt.Errorf("ask %s what it can: %w", c.o.URL, c.said(err))
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.can = &can
	return can, nil
}

func (c *Client) askAbilities(ctx context.Context) (abilities, error) {
	type fields struct{ Fields []struct{ Name string } }
	var reply struct{ Pull, Mutation *fields }
	const text = `query {
  pull: __type(name: "PullRequest") { fields { name } }
  mutation: __type(name: "Mutation") { fields { name } }
}`
	if err := c.query(ctx, text, nil, &reply); err != nil {
		return abilities{}, err
	}
	has := func(f *fields, name string) bool {
		return f != nil && slices.ContainsFunc(f.Fields, func(one struct{ Name string }) bool { return one.Name == name })
	}
	return abilities{
		queues:    has(reply.Pull, "mergeQueueEntry") && has(reply.Pull, "isMergeQueueEnabled"),
		autoMerge: has(reply.Mutation, "enablePullRequestAutoMerge"),
	}, nil
}

// enterprise tells a server of one's own from the cloud, by where its GraphQL is.
func (c *Client) enterprise() bool { return strings.HasSuffix(c.graphqlURL, "/api/graphql") }

// Version asks which GitHub Enterprise Server this is; "" for GitHub in the cloud.
func (c *Client) Version(ctx context.Context) (string, error) {
	if !c.enterprise() {
		return "", nil
	}
	req, err := c.gh.NewRequest(http.MethodGet, "meta", nil)
	if err != nil {
		return "", err
	}
	var meta struct {
		Version string `json:"installed_version"`
	}
	if _, err := c.gh.Do(ctx, req, &meta); err != nil {
		return "", fmt.Errorf("ask %s for its version: %w", c.o.URL, c.said(err))
	}
	return meta.Version, nil
}

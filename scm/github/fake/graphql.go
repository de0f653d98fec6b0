package fake

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

// actor as GraphQL gives one: a bot's login is without its suffix.
func actorOf(login string) object {
	if isBot(login) {
		return object{"__typename": "Bot", "login": strings.TrimSuffix(login, "[bot]")}
	}
	return object{"__typename": "User", "login": login}
}

func actorsOf(logins []string) object {
	out := []object{}
	for _, l := range logins {
		out = append(out, actorOf(l))
	}
	return connection(out)
}

// connection is a list as GraphQL gives one. Its size is bounded in what is asked.
func connection(nodes []object) object {
	return object{"__typename": "Connection", "nodes": nodes}
}

func (f *Fake) query(c *call) object {
	return object{"__typename": "Query",
		"viewer": object{"__typename": "User", "login": c.who}, // with the suffix, unlike every other bot
		"repository": field(func(args object) (any, error) {
			if fmt.Sprint(args["owner"], "/", args["name"]) != Path || c.role < hosttest.Read {
				return nil, &failed{"NOT_FOUND", fmt.Sprintf("Could not resolve to a Repository with the name '%v/%v'.", args["owner"], args["name"])}
			}
			return f.repositoryNode(), nil
		}),
		"__type": field(func(args object) (any, error) { return f.typeNode(fmt.Sprint(args["name"])), nil }),
	}
}

// typeNode tells the fields of the types that differ between servers.
func (f *Fake) typeNode(name string) any {
	fields := map[string][]string{
		"PullRequest": {"id", "number", "mergeable", "isMergeQueueEnabled", "mergeQueueEntry"},
		"Mutation":    {"enablePullRequestAutoMerge", "enqueuePullRequest"},
	}[name]
	if f.Old {
		fields = slices.DeleteFunc(fields, func(n string) bool { return strings.Contains(n, "Queue") || strings.HasPrefix(n, "enqueue") })
	}
	if fields == nil {
		return nil
	}
	out := []object{}
	for _, n := range fields {
		out = append(out, object{"__typename": "__Field", "name": n})
	}
	return object{"__typename": "__Type", "fields": out}
}

func (f *Fake) repositoryNode() object {
	return object{"__typename": "Repository",
		"pullRequest": field(func(args object) (any, error) {
			n, _ := strconv.Atoi(fmt.Sprint(args["number"]))
			p, err := f.find(n)
			if err != nil {
				return nil, &failed{"NOT_FOUND", fmt.Sprintf("Could not resolve to a PullRequest with the number of %d.", n)}
			}
			return f.pullNode(p), nil
		}),
		"pullRequests": field(f.pullNodes),
		"object": field(func(args object) (any, error) {
			sha := fmt.Sprint(args["oid"])
			if !isCommit(sha) || !f.Repo.Has(sha) {
				return nil, nil
			}
			return f.commitNode(sha), nil
		}),
	}
}

// pullNodes is a page: newest first, behind a cursor. headRefName does not ask in which repository the branch lies.
func (f *Fake) pullNodes(args object) (any, error) {
	size, _ := strconv.Atoi(fmt.Sprint(args["first"]))
	if size < 1 || size > 100 {
		return nil, &failed{"EXCESSIVE_PAGINATION", fmt.Sprintf("Requesting %d records on the `pullRequests` connection exceeds the `first` limit of 100 records.", size)}
	}
	size = min(size, f.PageCap)
	after := len(f.pulls) + 1
	if cursor, ok := args["after"].(string); ok {
		after, _ = strconv.Atoi(strings.TrimPrefix(cursor, "before:"))
	}
	var page []object
	more, last := false, ""
	for _, p := range slices.Backward(f.pulls) {
		if p.number >= after || !matches(p, args) {
			continue
		}
		if more = len(page) == size; more {
			break
		}
		page, last = append(page, f.pullNode(p)), fmt.Sprintf("before:%d", p.number)
	}
	out := connection(append([]object{}, page...))
	out["pageInfo"] = object{"__typename": "PageInfo", "hasNextPage": more, "endCursor": last}
	return out, nil
}

func matches(p *pull, args object) bool {
	if head, ok := args["headRefName"].(string); ok && head != p.head {
		return false
	}
	if base, ok := args["baseRefName"].(string); ok && base != p.base {
		return false
	}
	states, ok := args["states"].([]any)
	return !ok || slices.Contains(states, any(p.stateWord()))
}

func (p *pull) stateWord() string {
	if p.merged {
		return "MERGED"
	}
	return strings.ToUpper(p.state)
}

func (f *Fake) pullNode(p *pull) object {
	mergeable, status := f.mergeState(p)
	owner, _, _ := strings.Cut(p.headRepo, "/")
	o := object{"__typename": "PullRequest", "id": node("PR", p.number), "number": p.number, "url": fmt.Sprintf("%s/%s/pull/%d", f.URL(), Path, p.number), "state": p.stateWord(),
		"isDraft": p.draft, "title": p.title, "body": p.body, "baseRefName": p.base, "headRefName": p.head, "headRefOid": p.headSHA, "isCrossRepository": p.headRepo != Path,
		"createdAt": stamp(p.created), "closedAt": stamp(p.closed), "mergeable": mergeable, "mergeStateStatus": status, "headRepositoryOwner": actorOf(owner),
		"mergeCommit": nil, "author": actorOf(p.author), "mergedBy": nil, "assignees": actorsOf(p.assignees), "reviewRequests": f.requestNodes(p), "latestReviews": f.latest(p),
		"autoMergeRequest": nil, "labels": named("Label", p.labels), "timelineItems": field(func(args object) (any, error) { return timeline(p, args), nil })}
	if p.merged {
		o["mergeCommit"], o["mergedBy"] = object{"__typename": "Commit", "oid": p.mergeSHA}, actorOf(p.closedBy)
	}
	if p.auto != nil {
		o["autoMergeRequest"] = object{"__typename": "AutoMergeRequest", "enabledAt": stamp(p.created)}
	}
	if !f.Old {
		o["isMergeQueueEnabled"], o["mergeQueueEntry"] = f.queueOf(p.base), nil
		if p.queued {
			o["mergeQueueEntry"] = object{"__typename": "MergeQueueEntry", "id": node("MQE", p.number)}
		}
	}
	return o
}

func named(kind string, names []string) object {
	out := []object{}
	for _, n := range names {
		out = append(out, object{"__typename": kind, "name": n})
	}
	return connection(out)
}

func (f *Fake) requestNodes(p *pull) object {
	out := []object{}
	for _, n := range p.requested {
		out = append(out, object{"__typename": "ReviewRequest", "requestedReviewer": actorOf(n)})
	}
	for _, n := range p.teams {
		out = append(out, object{"__typename": "ReviewRequest", "requestedReviewer": object{"__typename": "Team", "slug": n}})
	}
	return connection(out)
}

func (f *Fake) latest(p *pull) object {
	var authors []string
	for _, r := range p.reviews {
		authors = append(authors, r.author)
	}
	out := []object{}
	for _, a := range sorted(authors) {
		out = append(out, object{"__typename": "PullRequestReview", "author": actorOf(a)})
	}
	return connection(out)
}

func timeline(p *pull, args object) object {
	last, _ := strconv.Atoi(fmt.Sprint(args["last"]))
	out := []object{}
	for _, e := range p.timeline[max(0, len(p.timeline)-last):] {
		one := object{"__typename": e.kind, "actor": actorOf(e.actor)}
		if e.comment != nil {
			one = object{"__typename": e.kind, "author": actorOf(e.actor), "body": e.comment.body}
		}
		out = append(out, one)
	}
	return connection(out)
}

// commitNode gives the newest status of each context, whoever posted it.
func (f *Fake) commitNode(sha string) object {
	newest := map[string]bool{}
	contexts := []object{}
	for _, s := range slices.Backward(f.statuses[sha]) {
		if newest[s.context] {
			continue
		}
		newest[s.context] = true
		contexts = append(contexts, object{"__typename": "StatusContext", "context": s.context, "state": strings.ToUpper(s.state), "description": orNull(s.text), "targetUrl": orNull(s.url),
			"createdAt": stamp(s.time), "creator": actorOf(s.who)})
	}
	o := object{"__typename": "Commit", "oid": sha, "status": nil}
	if len(contexts) > 0 {
		slices.SortFunc(contexts, func(a, b object) int { return strings.Compare(a["context"].(string), b["context"].(string)) })
		o["status"] = object{"__typename": "Status", "contexts": contexts}
	}
	return o
}

// mutation is what can be changed by GraphQL alone.
func (f *Fake) mutation(c *call) object {
	o := object{"__typename": "Mutation",
		"convertPullRequestToDraft":     f.change(c, func(p *pull, _ object) error { p.draft = true; return nil }),
		"markPullRequestReadyForReview": f.change(c, func(p *pull, _ object) error { p.draft = false; return nil }),
		"enablePullRequestAutoMerge":    f.change(c, f.enableAuto),
		"disablePullRequestAutoMerge":   f.change(c, func(p *pull, _ object) error { p.auto = nil; return nil }),
		"enqueuePullRequest":            f.change(c, f.enqueue),
		"dequeuePullRequest":            f.change(c, func(p *pull, _ object) error { p.queued = false; return nil }),
	}
	if f.Old {
		delete(o, "enqueuePullRequest")
		delete(o, "dequeuePullRequest")
	}
	return o
}

func (f *Fake) change(c *call, act func(p *pull, input object) error) field {
	return func(args object) (any, error) {
		input, _ := args["input"].(object)
		id := input["pullRequestId"]
		if id == nil {
			id = input["id"]
		}
		if c.role < hosttest.Write {
			return nil, &failed{"FORBIDDEN", "Resource not accessible by personal access token"}
		}
		for _, p := range f.pulls {
			if node("PR", p.number) != id {
				continue
			}
			if head := input["expectedHeadOid"]; head != nil && head != p.headSHA {
				return nil, &failed{"STALE_DATA", "Expected head oid does not match the current head oid of the pull request"}
			}
			if err := act(p, input); err != nil {
				return nil, err
			}
			f.writes++
			f.merges()
			return object{"__typename": "Payload", "pullRequest": object{"__typename": "PullRequest", "id": id}, "mergeQueueEntry": object{"__typename": "MergeQueueEntry", "id": node("MQE", p.number)}}, nil
		}
		return nil, &failed{"NOT_FOUND", fmt.Sprintf("Could not resolve to a node with the global id of '%v'", id)}
	}
}

func (f *Fake) enableAuto(p *pull, input object) error {
	_, status := f.mergeState(p)
	method := strings.ToLower(fmt.Sprint(input["mergeMethod"]))
	switch {
	case p.state != "open":
		return &failed{"UNPROCESSABLE", "Pull request is closed"}
	case p.draft:
		return &failed{"UNPROCESSABLE", "Pull request is in draft state"}
	case status == "CLEAN" && !f.queueOf(p.base):
		return &failed{"UNPROCESSABLE", "Pull request Pull request is in clean status"}
	case !f.Methods[method]:
		return &failed{"UNPROCESSABLE", "Merge method " + method + " merging is not allowed on this repository"}
	}
	p.auto = &auto{method: method}
	if title, ok := input["commitHeadline"].(string); ok {
		p.auto.message = title + "\n\n" + fmt.Sprint(input["commitBody"])
	}
	return nil
}

func (f *Fake) enqueue(p *pull, _ object) error {
	if !f.queueOf(p.base) || p.state != "open" {
		return &failed{"UNPROCESSABLE", "Pull request is not mergeable by a merge queue"}
	}
	p.queued = true
	return nil
}

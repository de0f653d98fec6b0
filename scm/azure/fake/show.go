package fake

import (
	"strconv"
	"unicode/utf16"

	"github.com/ferry-cd/ferry/git/gittest"
)

// show is a pull request as the API tells it.
func (f *Fake) show(p *pull, short bool) map[string]any {
	body := p.Body
	if units := utf16.Encode([]rune(body)); short && len(units) > 400 {
		body = string(utf16.Decode(units[:400]))
	}
	out := map[string]any{
		"pullRequestId": p.ID, "codeReviewId": p.ID, "status": p.Status, "title": p.Title, "description": body,
		"sourceRefName": p.Source, "targetRefName": p.Target, "isDraft": p.Draft, "createdBy": f.person(p.By),
		"creationDate": p.Created, "mergeStatus": p.mergeStatus, "lastMergeSourceCommit": ref{p.Head},
		"lastMergeTargetCommit": ref{p.Base}, "reviewers": f.showReviewers(p), "supportsIterations": true,
		"repository": f.showRepository(), "url": f.URL() + "/_apis/git/pullRequests/" + strconv.Itoa(p.ID),
	}
	if len(p.Labels) > 0 && !f.NoLabels {
		out["labels"] = showLabels(p)
	}
	if p.Status != "active" {
		out["closedDate"], out["closedBy"] = p.Closed, f.person(p.ClosedBy)
	}
	if p.Status == "completed" {
		out["lastMergeCommit"] = ref{p.Merged}
	}
	if p.AutoBy != "" {
		out["autoCompleteSetBy"] = f.person(p.AutoBy)
	}
	if p.Fork {
		out["forkSource"] = map[string]any{"name": p.Source, "repository": map[string]any{"id": guid("fork"), "name": "gitops"}}
	}
	return out
}

func (f *Fake) showRepository() map[string]any {
	return map[string]any{"id": guid(Repository), "name": Repository, "project": map[string]any{"id": guid(Project), "name": Project},
		"defaultBranch": heads + "main"}
}

func (f *Fake) repository(*ask) (any, error) { return f.showRepository(), nil }

func (f *Fake) iterations(a *ask) (any, error) {
	p, err := f.pullOf(a)
	if err != nil {
		return nil, err
	}
	return many(p.Iterations), nil
}

func (f *Fake) conflicts(a *ask) (any, error) {
	p, err := f.pullOf(a)
	if err != nil {
		return nil, err
	}
	var out []map[string]any
	for i, path := range f.Repo.Conflicts(p.Base, p.Head) {
		out = append(out, map[string]any{"conflictId": i + 1, "conflictPath": "/" + path, "conflictType": "editEdit"})
	}
	return many(out), nil
}

func (f *Fake) diff(a *ask) (any, error) {
	q := a.URL.Query()
	base, okBase := f.Repo.Head(q.Get("baseVersion"))
	head, okHead := f.Repo.Head(q.Get("targetVersion"))
	for name, ok := range map[string]bool{q.Get("baseVersion"): okBase, q.Get("targetVersion"): okHead} {
		if !ok {
			return nil, &refusal{404, "GitUnresolvableToCommitException", "TF401175:The version descriptor <Branch: " + name + " > could not be resolved to a version in the repository " + Repository}
		}
	}
	out := map[string]any{"baseCommit": base, "targetCommit": head, "aheadCount": f.Repo.Ahead(base, head), "behindCount": f.Repo.Ahead(head, base), "changes": []any{}}
	if common, err := gittest.Try(f.Repo.Dir(), "merge-base", base, head); err == nil {
		out["commonCommit"] = common
	}
	return out, nil
}

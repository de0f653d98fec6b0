package fake

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// git runs a command in the repository, as GitHub itself.
func (f *Fake) git(stdin string, env []string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdin = f.Repo.Dir(), strings.NewReader(stdin)
	cmd.Env = append(os.Environ(), append([]string{"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull}, env...)...)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// Signed tells whether GitHub signed a commit.
func (f *Fake) Signed(sha string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.signed[sha]
}

func (f *Fake) commitObject(sha string) object {
	base := f.URL() + "/repos/" + Path + "/git"
	parents := []any{}
	for _, p := range f.Repo.Parents(sha) {
		parents = append(parents, object{"sha": p, "url": base + "/commits/" + p, "html_url": base + "/commits/" + p})
	}
	who := object{"name": "ferry", "email": "ferry@example.com", "date": "2026-05-04T10:00:00Z"}
	reason, signature := "unsigned", any(nil)
	if f.signed[sha] {
		reason, signature = "valid", "-----BEGIN PGP SIGNATURE-----"
	}
	tree := f.Repo.Tree(sha)
	return object{"sha": sha, "node_id": node("C", sha), "url": base + "/commits/" + sha, "html_url": base + "/commits/" + sha, "author": who, "committer": who,
		"message": f.Repo.Message(sha), "tree": object{"sha": tree, "url": base + "/trees/" + tree}, "parents": parents,
		"verification": object{"verified": f.signed[sha], "reason": reason, "signature": signature, "payload": nil, "verified_at": nil}}
}

func (f *Fake) getCommit(c *call) (reply, error) {
	sha := c.PathValue("sha")
	if !f.Repo.Has(sha) {
		return reply{}, notFound()
	}
	return reply{200, f.commitObject(sha)}, nil
}

func (f *Fake) createBlob(c *call) (reply, error) {
	data := c.text("content")
	if c.text("encoding") == "base64" {
		raw, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			return reply{}, &refused{code: 422, message: "content is not valid Base64"}
		}
		data = string(raw)
	}
	sha, err := f.git(data, nil, "hash-object", "-w", "--stdin")
	if err != nil {
		return reply{}, err
	}
	f.writes++
	return reply{201, object{"sha": sha, "url": f.URL() + "/repos/" + Path + "/git/blobs/" + sha}}, nil
}

func (f *Fake) createTree(c *call) (reply, error) {
	index, err := os.MkdirTemp("", "index")
	if err != nil {
		return reply{}, err
	}
	defer os.RemoveAll(index)
	env := []string{"GIT_INDEX_FILE=" + index + "/index"}
	if base := c.text("base_tree"); base != "" {
		if _, err := f.git("", env, "read-tree", base); err != nil {
			return reply{}, &refused{code: 404, message: "Not Found"}
		}
	}
	entries, _ := c.body["tree"].([]any)
	for _, e := range entries {
		if err := f.addEntry(env, e.(object)); err != nil {
			return reply{}, err
		}
	}
	sha, err := f.git("", env, "write-tree")
	if err != nil {
		return reply{}, &refused{code: 422, message: sha}
	}
	f.writes++
	return reply{201, object{"sha": sha, "url": f.URL() + "/repos/" + Path + "/git/trees/" + sha, "truncated": false, "tree": []any{}}}, nil
}

func (f *Fake) addEntry(env []string, e object) error {
	path, _ := e["path"].(string)
	mode, _ := e["mode"].(string)
	sha, isID := e["sha"].(string)
	content, inline := e["content"].(string)
	if _, named := e["sha"]; named && !isID {
		if out, err := f.git("", env, "rm", "--cached", "-q", "--", path); err != nil {
			return &refused{code: 422, message: "GitRPC::BadObjectState: " + out}
		}
		return nil
	}
	if isID && inline || !isID && !inline {
		return &refused{code: 422, message: "Must supply either tree.sha or tree.content"}
	}
	if inline {
		var err error
		if sha, err = f.git(content, nil, "hash-object", "-w", "--stdin"); err != nil {
			return err
		}
	}
	if out, err := f.git("", env, "update-index", "--add", "--cacheinfo", fmt.Sprintf("%s,%s,%s", mode, sha, path)); err != nil {
		return &refused{code: 422, message: "tree.path contains a malformed path component: " + out}
	}
	return nil
}

// createCommit signs what an App commits without saying who wrote it.
func (f *Fake) createCommit(c *call) (reply, error) {
	args := []string{"commit-tree", c.text("tree"), "-F", "-"}
	for _, p := range c.list("parents") {
		if !f.Repo.Has(p) {
			return reply{}, &refused{code: 422, message: "Parent SHA does not exist or is not a commit object"}
		}
		args = append(args, "-p", p)
	}
	date := f.Host.Now().Format("2006-01-02T15:04:05Z")
	sha, err := f.git(c.text("message"), []string{"GIT_AUTHOR_NAME=" + c.who, "GIT_AUTHOR_EMAIL=x@example.com", "GIT_COMMITTER_NAME=GitHub", "GIT_COMMITTER_EMAIL=noreply@example.com",
		"GIT_AUTHOR_DATE=" + date, "GIT_COMMITTER_DATE=" + date}, args...)
	if err != nil {
		return reply{}, &refused{code: 422, message: "Tree SHA does not exist"}
	}
	_, author := c.body["author"]
	_, committer := c.body["committer"]
	f.signed[sha] = isBot(c.who) && !author && !committer
	f.writes++
	return reply{201, f.commitObject(sha)}, nil
}

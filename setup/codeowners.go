package setup

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/environments"
)

// Owned is a path of the GitOps repository with those who should have to agree to its changes.
type Owned struct {
	Path   string   `json:"path"` // /prod/, /ferry.yaml
	Owners []string `json:"owners"`
	Why    string   `json:"why"`
}

// Owners gives the paths that decide what runs in guarded environments, and who should own them: the configuration belongs to the
// platform, what only one environment reads to those who approve for it. Later rows win, as in CODEOWNERS.
func Owners(c *environments.Config, platform []string) []Owned {
	all := []Owned{
		{"/" + environments.RootFile, platform, "apps, environments and gates"},
		{"/.ferry/", platform, "holds, schemas and templates"},
	}
	for _, file := range []string{"/.github/workflows/", "/.github/CODEOWNERS", "/.gitlab-ci.yml", "/azure-pipelines.yml"} {
		all = append(all, Owned{file, platform, "what runs with ferry's credentials"})
	}
	for _, e := range c.Environments {
		if len(e.After) == 0 {
			continue
		}
		owners := approversOf(c, e.Name)
		if len(owners) == 0 {
			owners = platform
		}
		all = append(all, Owned{"/engine/" + e.Name + "/", owners, "what the engine applies in " + e.Name}) // where ferry new app puts it
		for _, folder := range foldersOf(c, e.Name) {
			all = append(all, Owned{"/" + folder, owners, "what runs in " + e.Name})
		}
	}
	return all
}

// approversOf gives everyone whose approval an environment asks for, of any app.
func approversOf(c *environments.Config, environment string) []string {
	var out []string
	for _, p := range c.Placements() {
		if p.Environment == environment {
			out = append(out, p.Gates.Approvals.From...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// foldersOf gives the folders and values files that this environment alone reads, each folder as high as nothing of another
// environment lies below it.
func foldersOf(c *environments.Config, environment string) []string {
	var own, others []string
	for _, p := range c.Placements() {
		list := &others
		if p.Environment == environment {
			list = &own
		}
		*list = append(*list, p.Folder+"/")
		for _, v := range p.Values {
			*list = append(*list, v.Path)
		}
	}
	var out []string
	for _, f := range own {
		if slices.Contains(others, f) {
			continue
		}
		out = append(out, raised(f, others))
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return slices.DeleteFunc(slices.Clone(out), func(f string) bool {
		return slices.ContainsFunc(out, func(above string) bool {
			return above != f && strings.HasSuffix(above, "/") && strings.HasPrefix(f, above)
		})
	})
}

// raised gives the highest folder above a path with nothing of others in it; never the root.
func raised(name string, others []string) string {
	for dir := path.Dir(strings.TrimSuffix(name, "/")); dir != "."; dir = path.Dir(dir) {
		if slices.ContainsFunc(others, func(o string) bool { return strings.HasPrefix(o, dir+"/") }) {
			break
		}
		name = dir + "/"
	}
	return name
}

// CodeOwners writes rows as a kind of forge takes them. organization is what teams belong to.
func CodeOwners(kind, organization string, rows []Owned) string {
	if kind == "azure" {
		return azurePolicies(rows)
	}
	var b strings.Builder
	b.WriteString("# " + map[string]string{"github": ".github/CODEOWNERS", "gitlab": ".gitlab/CODEOWNERS", "gitea": ".gitea/CODEOWNERS", "bitbucket": ".bitbucket/CODEOWNERS"}[kind] +
		": with a rule of the branch that asks for the owners' approval.\n")
	for _, r := range rows {
		pattern := r.Path
		if kind == "gitea" { // its patterns are regular expressions
			pattern = "^" + strings.ReplaceAll(strings.TrimPrefix(r.Path, "/"), ".", `\.`)
			if strings.HasSuffix(pattern, "/") {
				pattern += ".*"
			} else {
				pattern += "$"
			}
		}
		var who []string
		for _, o := range r.Owners {
			who = append(who, account(kind, organization, o))
		}
		fmt.Fprintf(&b, "\n# %s\n%s %s\n", r.Why, pattern, strings.Join(who, " ")) // not every forge takes comments behind a path
	}
	return b.String()
}

// account is a person or a team as a forge's file names them.
func account(kind, organization, name string) string {
	team, isTeam := strings.CutPrefix(name, "team/")
	switch {
	case !isTeam:
		return "@" + strings.TrimPrefix(name, "@")
	case kind == "gitlab":
		return "@" + team
	}
	return "@" + organization + "/" + team
}

// azurePolicies writes commands: Azure DevOps keeps required reviewers as policies of the branch, not in a file.
func azurePolicies(rows []Owned) string {
	var b strings.Builder
	b.WriteString("# Required reviewers, one policy each; fill in the repository's id and the branch.\n")
	for _, r := range rows {
		filter := r.Path
		if strings.HasSuffix(filter, "/") {
			filter += "*"
		}
		var who []string
		for _, o := range r.Owners {
			who = append(who, strings.TrimPrefix(o, "team/"))
		}
		fmt.Fprintf(&b, "az repos policy required-reviewer create --blocking true --enabled true --branch \"$BRANCH\" --repository-id \"$REPOSITORY_ID\" --message %s --path-filter %s --required-reviewer-ids %s\n",
			shellWord(r.Why), shellWord(filter), shellWord(strings.Join(who, ";")))
	}
	return b.String()
}

// shellWord quotes a text for a POSIX shell, which takes every character but the quote itself as it stands.
func shellWord(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

package setup

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/ferry-cd/ferry/environments"
)

// Owned is a path of the GitOps repository with those who should have to agree to its changes.
type Owned struct {
	Path   string   `json:"path"` // /prod/, /ferry.yaml
	Owners []string `json:"owners"`
	Why    string   `json:"why"`
}

// Owners gives the paths that decide what runs in guarded environments, and who should own them: the configuration belongs to the
// platform, an app's file and the values that it alone reads to its team, what only one environment reads to those who approve for it.
// Values that several environments read and no team owns are left out: what changes there walks the way of a release, through
// every gate. Later rows win, as in CODEOWNERS.
func Owners(c *environments.Config, platform []string) []Owned {
	all := []Owned{
		{"/" + environments.RootFile, platform, "apps, environments and gates"},
		{"/.ferry/", platform, "holds, schemas and templates"},
	}
	for _, file := range pipelines {
		all = append(all, Owned{"/" + file, platform, "what runs with ferry's credentials"})
	}
	guarded := guarded(c, platform)
	return slices.Concat(all, slices.DeleteFunc(teams(c, platform), func(r Owned) bool { return slices.ContainsFunc(guarded, r.below) }), guarded)
}

// pipelines are where forges keep what CI runs, and who owns that.
var pipelines = []string{".github/workflows/", ".github/CODEOWNERS", ".gitlab-ci.yml", ".gitlab/CODEOWNERS", "azure-pipelines.yml",
	".gitea/workflows/", ".forgejo/workflows/", ".gitea/CODEOWNERS", "bitbucket-pipelines.yml", ".bitbucket/CODEOWNERS"}

// below tells whether another row is about this path, too.
func (r Owned) below(other Owned) bool {
	return r.Path == other.Path || strings.HasSuffix(other.Path, "/") && strings.HasPrefix(r.Path, other.Path)
}

// guarded gives what only one environment reads, of those that come after another.
func guarded(c *environments.Config, platform []string) []Owned {
	var all []Owned
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

// class is a set of characters in a pattern; not every forge takes one.
var class = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\[[^]]*\]`)
})

// teams gives what apps bring along. A new app, and one without a team, is the platform's.
func teams(c *environments.Config, platform []string) []Owned {
	var all []Owned
	for _, pattern := range c.Include {
		all = append(all, Owned{"/" + class().ReplaceAllString(pattern, "?"), platform, "apps, and where they come from"})
	}
	readers := map[string][]string{} // apps by the file that they read
	for _, p := range c.Placements() {
		for _, name := range filesOf(p) {
			readers[name] = append(readers[name], p.App)
		}
	}
	for _, app := range c.Apps {
		if app.Team == "" {
			continue
		}
		team := []string{"team/" + app.Team}
		if app.File != environments.RootFile {
			all = append(all, Owned{"/" + app.File, team, "the app " + app.Name})
		}
		for _, name := range slices.Sorted(maps.Keys(readers)) {
			if len(unique(readers[name])) == 1 && readers[name][0] == app.Name {
				all = append(all, Owned{"/" + name, team, "what sets " + app.Name})
			}
		}
	}
	return all
}

// filesOf gives the files and folders of the repository that are read for an app in an environment. What is added to a render
// may be either; a name without an ending is that of a folder.
func filesOf(p environments.Placement) []string {
	var out []string
	for _, e := range p.Configuration() {
		name := e.Path
		if e.Folder && path.Ext(name) == "" {
			name += "/"
		}
		out = append(out, name)
	}
	return out
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

// foldersOf gives the folders and files that this environment alone reads, each folder as high as nothing of another
// environment lies below it.
func foldersOf(c *environments.Config, environment string) []string {
	var own, others []string
	for _, p := range c.Placements() {
		list := &others
		if p.Environment == environment {
			list = &own
		}
		*list = append(append(*list, p.Folder+"/"), filesOf(p)...)
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
			pattern = "^" + strings.NewReplacer(".", `\.`, "*", "[^/]*", "?", "[^/]").Replace(strings.TrimPrefix(r.Path, "/"))
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

package cluster

import (
	"cmp"
	"strings"

	"github.com/ferry-cd/ferry/connector"
)

// applicationOrigins reads the sources of an Application: its hydrator's, its several, or its one.
func applicationOrigins(v value) []connector.Origin {
	if h := v.at("spec", "sourceHydrator"); h.exists() {
		return hydrated(v, h)
	}
	sources := v.at("spec", "sources").list()
	if len(sources) == 0 {
		sources = []value{v.at("spec", "source")}
	}
	asked, done, compared := sourceRevisions(v, len(sources))
	var out []connector.Origin
	for i, s := range sources[:min(len(sources), maxOrigins)] {
		o := applicationOrigin(s)
		kind := connector.Git
		if o.Chart != "" || strings.HasPrefix(o.Address, "oci://") {
			kind = "" // a version or a digest
		}
		out = append(out, revised(o, kind, asked[i], done[i], compared[i]))
	}
	return out
}

// sourceRevisions gives, for each source, the revision that was tried, the one that was applied, and the one that the state was
// compared with. A sync of some resources only, or a dry run, applied nothing as a whole: then the history says what was.
func sourceRevisions(v value, n int) (asked, done, compared []string) {
	op := v.at("status", "operationState")
	sync := op.at("operation", "sync")
	result := op.at("syncResult")
	asked, compared = revisions(sync, n), revisions(v.at("status", "sync"), n)
	for i, s := range revisions(result, n) {
		asked[i] = cmp.Or(s, asked[i])
	}
	whole := len(sync.at("resources").list()) == 0 && !sync.at("dryRun").flag()
	if op.at("phase").name() == "Succeeded" && whole {
		return asked, revisions(result, n), compared
	}
	done = make([]string, n)
	if past := v.at("status", "history").list(); len(past) > 0 {
		done = revisions(past[len(past)-1], n)
	}
	return asked, done, compared
}

// revisions reads revision or revisions, index-aligned with n sources. Lists of another length belong to sources that the
// Application had before, and say nothing of these.
func revisions(v value, n int) []string {
	out := make([]string, n)
	if many := v.at("revisions").names(); len(many) > 0 {
		if len(many) == n {
			copy(out, many)
		}
		return out
	}
	if n == 1 {
		out[0] = v.at("revision").name()
	}
	return out
}

func applicationOrigin(s value) connector.Origin {
	o := connector.Origin{Branch: cmp.Or(s.at("targetRevision").name(), "HEAD"), Path: s.at("path").name(), Chart: s.at("chart").name()}
	if address := s.at("repoURL").name(); o.Chart != "" || strings.HasPrefix(address, "oci://") {
		o.Address = address
	} else {
		o.Repository = address
	}
	d := s.at("directory")
	o.Directory = connector.Directory{
		Plain:   !s.at("helm").exists() && !s.at("kustomize").exists() && !s.at("plugin").exists() && o.Chart == "",
		Recurse: d.at("recurse").flag(), Include: d.at("include").name(), Exclude: d.at("exclude").name(),
	}
	if o.Path == "" && s.at("ref").exists() {
		o.Repository, o.Address = "", o.Repository // values for another source, no manifests
	}
	return o
}

// revised says of an origin which revisions were tried, applied and compared with. What is no revision, as the name of a
// branch that stands there while nothing is known, is not one.
func revised(o connector.Origin, kind, asked, done, compared string) connector.Origin {
	parse := func(s string) connector.Revision {
		r, err := connector.ParseRevision(kind, s)
		if err != nil {
			return connector.Revision{}
		}
		return r
	}
	o.Attempted, o.Applied, o.Compared = parse(asked), parse(done), parse(compared)
	o.Attempting, o.Commit = o.Attempted.Commit(), o.Applied.Commit()
	return o
}

// hydrated gives two origins: what is applied, from the branch that Argo CD writes, and what that is made from. A dry commit
// counts as far as Argo CD says which commit it became; a hydration that changed nothing may leave that out.
func hydrated(v, h value) []connector.Origin {
	dry, wet := h.at("drySource"), h.at("syncSource")
	asked, done, compared := sourceRevisions(v, 1)
	repository := dry.at("repoURL").name()
	applied := revised(connector.Origin{
		Repository: repository, Branch: wet.at("targetBranch").name(), Path: wet.at("path").name(),
		Directory: connector.Directory{Plain: true, Recurse: true},
	}, connector.Git, asked[0], done[0], compared[0])
	status := v.at("status", "sourceHydrator")
	last, current := status.at("lastSuccessfulOperation"), status.at("currentOperation")
	madeFrom := func(sha string) string {
		for _, op := range []value{last, current} {
			if sha != "" && sha == op.at("hydratedSHA").name() {
				return op.at("drySHA").name()
			}
		}
		if sha != "" && sha == compared[0] && !last.at("hydratedSHA").exists() {
			return last.at("drySHA").name() // it made no commit, so the one before is its result
		}
		return ""
	}
	source := revised(connector.Origin{
		Repository: repository, Branch: cmp.Or(dry.at("targetRevision").name(), "HEAD"), Path: dry.at("path").name(), Dry: true,
	}, connector.Git, cmp.Or(madeFrom(asked[0]), current.at("drySHA").name()), madeFrom(done[0]), madeFrom(compared[0]))
	source.Fetched = hydration(current)
	return []connector.Origin{applied, source}
}

func hydration(v value) connector.Condition {
	word := v.at("phase").name()
	if word == "" {
		return connector.Condition{}
	}
	states := map[string]string{"Hydrated": connector.True, "Failed": connector.False}
	return connector.Condition{
		State: cmp.Or(states[word], connector.Unclear), Reason: word, Message: v.at("message").message(),
		Since: latest(v.at("startedAt").time(), v.at("finishedAt").time()),
	}
}

package cluster

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/fluxcd/pkg/apis/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/ferry-cd/ferry/connector"
)

// Annotations of an artifact that say what it was made from; Flux copies them into the artifact's metadata.
const (
	fromRepository = "org.opencontainers.image.source"
	fromRevision   = "org.opencontainers.image.revision"
)

// Source is an object of Flux that fetches what units apply.
type Source struct {
	connector.Ref
	Address            string // as it is written there
	Repository, Branch string // of a Git repository: its own, or the one that an artifact says it was made from
	Holds              connector.Revision
	Commit             string // that Holds is, or was made from
	Fetched            connector.Condition
}

// NewSource reads a GitRepository, OCIRepository, Bucket or ExternalArtifact.
func NewSource(o *unstructured.Unstructured) Source {
	v := value{o.Object}
	artifact := v.at("status", "artifact")
	s := Source{
		Ref:     connector.Ref{Kind: v.at("kind").name(), Namespace: v.at("metadata", "namespace").name(), Name: v.at("metadata", "name").name()},
		Address: v.at("spec", "url").name(),
		Fetched: condition(v, meta.ReadyCondition),
	}
	s.Holds = revision(s.Kind, artifact.at("revision").name())
	s.Commit = cmp.Or(commit(artifact.at("metadata", fromRevision).name()), s.Holds.Commit())
	switch s.Kind {
	case "GitRepository":
		s.Repository, s.Address, s.Branch = s.Address, "", gitRef(v.at("spec", "ref"))
	case "Bucket":
		s.Address = strings.TrimSuffix(v.at("spec", "endpoint").name(), "/") + "/" + v.at("spec", "bucketName").name()
	}
	if s.Kind != "GitRepository" {
		s.Repository = artifact.at("metadata", fromRepository).name()
		r, err := connector.ParseRevision(connector.Git, artifact.at("metadata", fromRevision).name())
		if err == nil {
			s.Branch = r.Branch
		}
	}
	return s
}

// gitRef is what a GitRepository follows. Flux's own default is master; a commit that is pinned together with a branch is
// one of that branch.
func gitRef(v value) string {
	return cmp.Or(v.at("branch").name(), strings.TrimPrefix(v.at("name").name(), "refs/heads/"), v.at("semver").name(), v.at("tag").name(), v.at("commit").name(), "master")
}

// resolve completes the origins of a unit by what their sources say. A source that should have been read and is not there is
// told as its being not fetched; complete says for which that is known.
func resolve(u connector.Unit, sources map[connector.Ref]Source, complete func(connector.Ref) bool) connector.Unit {
	if u.Engine != connector.Flux {
		return u
	}
	origins := make([]connector.Origin, len(u.Origins))
	for i, o := range u.Origins {
		if s, ok := sources[o.Source]; ok {
			o = originFrom(o, s)
		} else if complete(o.Source) {
			o.Fetched = connector.Condition{State: connector.False, Reason: "SourceNotFound", Message: fmt.Sprintf("%s does not exist", o.Source)}
		}
		origins[i] = o
	}
	u.Origins = origins
	return u
}

// originFrom says of an origin what its source knows: where it is, what comes next, and which commits the revisions are.
func originFrom(o connector.Origin, s Source) connector.Origin {
	o.Repository, o.Branch, o.Address = s.Repository, s.Branch, s.Address
	o.Available, o.Fetched = s.Holds, s.Fetched
	o.Commit = cmp.Or(o.Commit, commitOf(o.Applied, s))
	o.Attempting = cmp.Or(o.Attempting, commitOf(o.Attempted, s))
	return o
}

// commitOf is the commit that a revision was made from, where the source still holds that very revision.
func commitOf(r connector.Revision, s Source) string {
	if r.IsZero() || r != s.Holds {
		return ""
	}
	return s.Commit
}

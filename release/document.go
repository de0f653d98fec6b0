package release

import (
	"bytes"
	"encoding/json"
)

// DocumentVersion is the schemaVersion of release documents.
const DocumentVersion = 1

const maxDocument = 4 << 20 // bytes; some thousand releases

// document is release.json: what a pipeline hands over.
type document struct {
	SchemaVersion int       `json:"schemaVersion"`
	Releases      []Release `json:"releases"`
}

// ParseReleases reads a release document:
//
//	{"schemaVersion": 1, "releases": [{"app": ..., "version": ..., "sequence": {"kind": ..., "number": ...}, ...}]}
//
// It is strict, and all problems are reported at once with line and column (Problems; In gives them the file's name).
// Sequence and source may be missing, for the caller to fill in from its CI; Validate tells when a release is complete.
func ParseReleases(data []byte) ([]Release, error) {
	if len(data) > maxDocument {
		return nil, Problems{problem("", "the document has more than %d bytes", maxDocument)}
	}
	root, p := jsonTree(data)
	if p != nil {
		return nil, Problems{p}
	}
	var (
		r        reader
		version  int64
		releases []Release
	)
	r.object(root, "the document",
		field{"schemaVersion", true, r.number(&version, "schemaVersion", checkDocumentVersion)},
		field{"releases", true, func(n *node) { r.releases(n, &releases) }},
	)
	if len(r.problems) > 0 {
		return nil, r.problems
	}
	return releases, nil
}

func checkDocumentVersion(v int64) *Problem {
	if v == DocumentVersion {
		return nil
	}
	return problem("this ferry reads version 1", "schemaVersion %d is not supported", v)
}

func (r *reader) releases(n *node, into *[]Release) {
	seen := map[string]bool{}
	r.elements(n, "releases", func(n *node) {
		var rel Release
		r.release(n, &rel, "the release", field{"app", true, r.text(&rel.App, "the app", checkApp)})
		if seen[rel.App] && rel.App != "" {
			r.report(n, problem("", "app %q has two releases", rel.App))
		}
		seen[rel.App] = true
		*into = append(*into, rel)
	})
	if n.kind == list && len(n.items) == 0 {
		r.report(n, problem("", "there is no release"))
	}
}

// FormatReleases writes a release document, ending in a newline.
func FormatReleases(releases []Release) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(document{SchemaVersion: DocumentVersion, Releases: releases})
	return out.Bytes(), err
}

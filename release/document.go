package release

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"strings"
)

// DocumentVersion is the schemaVersion of release documents.
const DocumentVersion = 1

const maxDocument = 4 << 20 // bytes; some thousand releases

// Document is release.json: what a pipeline hands over. Identity, where it is there, is a token in which the CI says who
// wrote the releases; it is bound to them by Digest.
type Document struct {
	SchemaVersion int       `json:"schemaVersion"`
	Releases      []Release `json:"releases"`
	Identity      string    `json:"identity,omitempty"`
}

const maxIdentity = 16 << 10 // bytes of a token

// ParseReleases reads a release document:
//
//	{"schemaVersion": 1, "releases": [{"app": ..., "version": ..., "sequence": {"kind": ..., "number": ...}, ...}]}
//
// It is strict, and all problems are reported at once with line and column (Problems; In gives them the file's name).
// Sequence and source may be missing, for the caller to fill in from its CI; Validate tells when a release is complete.
func ParseReleases(data []byte) ([]Release, error) {
	d, err := ParseDocument(data)
	return d.Releases, err
}

// ParseDocument is ParseReleases with everything that the document holds. The identity is not verified here.
func ParseDocument(data []byte) (Document, error) {
	if len(data) > maxDocument {
		return Document{}, Problems{problem("", "the document has more than %d bytes", maxDocument)}
	}
	root, p := jsonTree(data)
	if p != nil {
		return Document{}, Problems{p}
	}
	var (
		r       reader
		version int64
		d       = Document{SchemaVersion: DocumentVersion}
	)
	r.object(root, "the document",
		field{"schemaVersion", true, r.number(&version, "schemaVersion", checkDocumentVersion)},
		field{"releases", true, func(n *node) { r.releases(n, &d.Releases) }},
		field{"identity", false, r.text(&d.Identity, "the identity", checkIdentity)},
	)
	if len(r.problems) > 0 {
		return Document{}, r.problems
	}
	return d, nil
}

func checkIdentity(token string) *Problem {
	if len(token) > maxIdentity || strings.Count(token, ".") != 2 {
		return problem("", "the identity is not a token as a CI gives it")
	}
	return nil
}

// Digest tells releases from all others: what an identity is bound to.
func Digest(releases []Release) (string, error) {
	data, err := FormatReleases(releases)
	sum := sha256.Sum256(data)
	return digestOf(sum[:]), err
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
	return FormatDocument(Document{Releases: releases})
}

// FormatDocument is FormatReleases with everything that a document holds.
func FormatDocument(d Document) ([]byte, error) {
	d.SchemaVersion = DocumentVersion
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(d)
	return out.Bytes(), err
}

package release

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"
	"sync"
)

// Artifact says from which commit of the GitOps repository something was packed that an engine knows by its digest alone: an
// OCI artifact, or what lies in a bucket. The state branch keeps one file for each.
type Artifact struct {
	Digest string `json:"digest"`           // sha256:<64 hex digits>
	Commit string `json:"commit"`           // of the GitOps repository
	Branch string `json:"branch"`           // that the commit was taken from
	Folder string `json:"folder,omitempty"` // that was packed; none is the whole repository
}

var (
	artifactDigest = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$`)
	})
	artifactCommit = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
	})
	artifactBranch = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[^\s~^:?*\[\\\x00-\x1f\x7f]{1,255}$`)
	})
)

// Validate tells what is wrong with an artifact.
func (a Artifact) Validate() error {
	var wrong []error
	if !artifactDigest().MatchString(a.Digest) {
		wrong = append(wrong, problem("write it as the registry does: sha256: and 64 hexadecimal digits", "%q is no digest", clip(a.Digest)))
	}
	if !artifactCommit().MatchString(a.Commit) {
		wrong = append(wrong, problem("all 40 digits, as git rev-parse HEAD prints them", "%q is no commit", clip(a.Commit)))
	}
	if !artifactBranch().MatchString(a.Branch) {
		wrong = append(wrong, problem("the name of a branch, as main", "%q is no branch", clip(a.Branch)))
	}
	if f := a.Folder; f != "" && (f != path.Clean(f) || path.IsAbs(f) || f == "." || f == ".." || strings.HasPrefix(f, "../") || len(f) > 1024) {
		wrong = append(wrong, problem("a folder of the repository, without ./ and ..", "%q is no folder", clip(f)))
	}
	return errors.Join(wrong...)
}

// ArtifactPath is where the state branch says of a digest what it was packed from; "" for what is no digest.
func ArtifactPath(digest string) string {
	if !artifactDigest().MatchString(digest) {
		return ""
	}
	algorithm, value, _ := strings.Cut(digest, ":")
	return "artifacts/" + value[:2] + "/" + algorithm + "-" + value + ".json"
}

// Marshal gives the file.
func (a Artifact) Marshal() ([]byte, error) {
	if err := a.Validate(); err != nil {
		return nil, err
	}
	data, err := json.MarshalIndent(a, "", "  ")
	return append(data, '\n'), err
}

// ParseArtifact reads what Marshal wrote.
func ParseArtifact(data []byte) (Artifact, error) {
	var a Artifact
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil {
		return Artifact{}, fmt.Errorf("read what an artifact was packed from: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Artifact{}, errors.New("read what an artifact was packed from: something follows it")
	}
	return a, a.Validate()
}

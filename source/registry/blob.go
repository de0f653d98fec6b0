package registry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"time"
)

// Blob reads content by its digest: exactly size bytes, never more than most. size < 0 where nobody said.
func (c *Client) Blob(ctx context.Context, repository, digest string, size, most int64) ([]byte, error) {
	what := "blob " + digest + " of " + repository
	switch {
	case !digestForm().MatchString(digest):
		return nil, &usageError{"a digest is sha256: and 64 hex digits"}
	case size > most:
		return nil, contentf(what, "it is said to have %d bytes, and %d are the most", size, most)
	case size >= 0:
		most = size
	}
	p, err := c.place(repository)
	if err != nil {
		return nil, err
	}
	a, err := c.ask(ctx, p, question{method: http.MethodGet, path: "blobs/" + digest, accept: "*/*", what: what, most: max(most, maxAside), within: patience(most)})
	if err != nil {
		return nil, err
	}
	switch got := int64(len(a.body)); {
	case size >= 0 && got != size:
		return nil, contentf(what, "it is said to have %d bytes, and %d came", size, got)
	case got > most:
		return nil, contentf(what, "it has %d bytes, and %d are the most", got, most)
	}
	if got := sha256Of(a.body); got != digest {
		return nil, contentf(what, "what came has the digest %s", got)
	}
	return a.body, nil
}

// maxAside is for what comes before small content: refusals and redirects have bodies too.
const maxAside = 64 << 10 // bytes

// patience is how long so many bytes may take: a slow line is no attack, one that drips is.
func patience(bytes int64) time.Duration {
	const slowest = 64 << 10 // bytes a second
	return attempt + time.Duration(bytes/slowest)*time.Second
}

func sha256Of(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func isAbsent(err error) bool { return errors.Is(err, ErrAbsent) }

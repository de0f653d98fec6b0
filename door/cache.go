package door

import (
	"bytes"
	"io"
	"net/http"
)

// cache keeps answers with a validator (RFC 9110, 8.8.3), so that asking again costs neither quota nor bandwidth where
// nothing changed. It is emptied when it is full: a poller asks for the same few things.
type cache struct {
	kept  map[string]answer
	bytes int
}

type answer struct {
	etag   string
	status int
	header http.Header
	body   []byte
}

const maxCache = 16 << 20 // bytes of bodies

// validate adds the validator of what is known to a read, and gives it. req is the transport's own copy.
func (t *Transport) validate(req *http.Request) *answer {
	if req.Method != http.MethodGet || req.Header.Get("If-None-Match") != "" {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	a, ok := t.cache.kept[cacheKey(req)]
	if !ok {
		return nil
	}
	req.Header.Set("If-None-Match", a.etag)
	return &a
}

func cacheKey(req *http.Request) string { return req.Header.Get("Accept") + " " + req.URL.String() }

// refresh turns "not modified" into what is known, and keeps what is new.
func (t *Transport) refresh(req *http.Request, known *answer, x exchange) *http.Response {
	if known != nil && x.res.StatusCode == http.StatusNotModified {
		t.count(func(c *Calls) { c.NotModified++ })
		res := *x.res
		res.StatusCode, res.Status = known.status, http.StatusText(known.status)
		res.Header = known.header.Clone()
		for name, values := range x.res.Header { // quota and times are those of now
			if name != "Content-Length" && name != "Content-Type" && name != "Link" {
				res.Header[name] = values
			}
		}
		res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(known.body)), int64(len(known.body))
		return &res
	}
	etag := x.res.Header.Get("ETag")
	if req.Method != http.MethodGet || x.res.StatusCode != http.StatusOK || etag == "" || len(x.body) > maxCache/4 {
		return x.res
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cache.kept == nil || t.cache.bytes+len(x.body) > maxCache {
		t.cache = cache{kept: map[string]answer{}}
	}
	t.cache.bytes += len(x.body) - len(t.cache.kept[cacheKey(req)].body)
	t.cache.kept[cacheKey(req)] = answer{etag, x.res.StatusCode, x.res.Header.Clone(), x.body}
	return x.res
}

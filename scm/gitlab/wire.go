package gitlab

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"time"

	"github.com/xanzy/go-gitlab"

	"github.com/ferry-cd/ferry/door"
)

// newAPI puts the library on our door: its own retries and its own rate limiter are off, the door has both.
func newAPI(t *door.Transport, o Options) (*gitlab.Client, error) {
	follow := t.Client()
	follow.Transport = &strict{t, o.Sleep}
	return gitlab.NewClient("", gitlab.WithBaseURL(o.URL), gitlab.WithHTTPClient(follow), gitlab.WithoutRetries(),
		gitlab.WithCustomRetryMax(0), gitlab.WithCustomLimiter(unlimited{}))
}

// unlimited is no rate limiter.
type unlimited struct{}

func (unlimited) Wait(context.Context) error { return nil }

// strict turns refusals into errors that keep what the server said and how it named the exchange; the library forgets
// both for "not found".
type strict struct {
	door  *door.Transport
	sleep func(context.Context, time.Duration) error
}

const pageTries = 3 // a proxy that shows a page of its own may have recovered by then

// RoundTrip implements http.RoundTripper.
func (s *strict) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Del("PRIVATE-TOKEN") // the library's, empty; the door puts the real one where it belongs
	for try := 1; ; try++ {
		res, err := s.door.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		if err := s.door.Failure(res); err != nil {
			return nil, err
		}
		if !isPage(res) {
			return res, nil
		}
		if req.Method != http.MethodGet {
			return nil, &door.LostError{Method: req.Method, Path: req.URL.Path, Err: errPage}
		}
		if try == pageTries {
			return nil, errPage
		}
		if err := s.sleep(req.Context(), time.Second); err != nil {
			return nil, err
		}
	}
}

var errPage = errors.New("the answer is a web page and not GitLab's API: is the address right, and is there a proxy that wants a sign-in?")

// isPage tells a web page from an answer of the API, which is JSON or nothing.
func isPage(res *http.Response) bool {
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	return res.StatusCode < 300 && kind == "text/html"
}

func with(ctx context.Context) gitlab.RequestOptionFunc { return gitlab.WithContext(ctx) }

// Lists come in pages of at most 100 (https://docs.gitlab.com/api/rest/#pagination). A list longer than maxPages of them is
// nobody's, and would never end.
const (
	perPage  = 100
	maxPages = 2000
)

// all reads every page of a list.
func all[T any](fetch func(gitlab.ListOptions) ([]T, *gitlab.Response, error)) ([]T, error) {
	var out []T
	for page := 1; page <= maxPages; {
		some, res, err := fetch(gitlab.ListOptions{Page: page, PerPage: perPage})
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
		if res.NextPage <= page {
			return out, nil
		}
		page = res.NextPage
	}
	return nil, errors.New("the list does not end")
}

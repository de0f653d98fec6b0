package git_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/git/gittest"
)

const canary = "s3cret+/canary=="

// leaks fails when an error shows a secret in any form.
func leaks(t *testing.T, err error) {
	t.Helper()
	text := fmt.Sprintf("%v %+v %#v %q", err, err, err, err)
	for e := err; e != nil; e = errors.Unwrap(e) {
		text += fmt.Sprintf(" %#v", e)
	}
	for _, form := range []string{canary, url.QueryEscape(canary), url.PathEscape(canary), base64.StdEncoding.EncodeToString([]byte("ada:" + canary))} {
		if strings.Contains(text, form) {
			t.Errorf("the error shows the secret: %s", text)
		}
	}
}

func withToken() git.Options {
	o := options
	o.Username, o.Token = "ada", door.NewToken(canary)
	return o
}

func TestCredentials(t *testing.T) {
	dir := gittest.Bare(t, map[string]string{"f": "1\n"})
	server := gittest.NewServer(t, dir, gittest.Auth("ada", canary))
	within := strings.Replace(server, "http://", "http://ada:"+url.QueryEscape(canary)+"@", 1)
	for name, c := range map[string]struct {
		remote string
		o      git.Options
		is     error
	}{
		"handed in":         {server, withToken(), nil},
		"in the URL":        {within, options, nil},
		"in both":           {strings.Replace(server, "http://", "http://ada:wrong@", 1), withToken(), nil},
		"none":              {server, options, git.ErrCredentials},
		"wrong":             {server, func() git.Options { o := withToken(); o.Username = "eve"; return o }(), git.ErrCredentials},
		"no such":           {server + "/no", withToken(), git.ErrNotFound},
		"nobody there":      {"http://127.0.0.1:1/x", withToken(), git.ErrUnreachable},
		"no such host":      {"https://ada:" + url.QueryEscape(canary) + "@host.invalid/x", options, git.ErrUnreachable},
		"only a name, here": {strings.Replace(server, "http://", "http://"+url.QueryEscape(canary)+"@", 1), options, git.ErrCredentials},
	} {
		t.Run(name, func(t *testing.T) {
			r := must(git.Open(t.Context(), c.remote, c.o))(t)
			if strings.Contains(r.URL(), "@") {
				t.Errorf("URL %s", r.URL())
			}
			_, err := r.Refs(t.Context())
			if !errors.Is(err, c.is) {
				t.Errorf("%v, want %v", err, c.is)
			}
			leaks(t, err)
			var coded interface{ ExitCode() int }
			if errors.Is(c.is, git.ErrCredentials) && (!errors.As(err, &coded) || coded.ExitCode() != 4) {
				t.Errorf("exit code of %v", err)
			}
			var h interface{ Hint() string }
			if err != nil && (!errors.As(err, &h) || h.Hint() == "") {
				t.Errorf("no hint: %v", err)
			}
		})
	}
}

// TestServersThatSayTheSecretBack has servers quote the credentials in every place where they can say something.
func TestServersThatSayTheSecretBack(t *testing.T) {
	dir := gittest.Bare(t, map[string]string{"f": "1\n"})
	pkt := func(s string) string { return fmt.Sprintf("%04x%s", len(s)+4, s) }
	say := canary + " \x1b[31m" + base64.StdEncoding.EncodeToString([]byte("ada:"+canary))
	for name, answer := range map[string]func(w http.ResponseWriter, r *http.Request) bool{
		"status": func(w http.ResponseWriter, r *http.Request) bool { http.Error(w, say, 500); return true },
		"type":   func(w http.ResponseWriter, r *http.Request) bool { w.Header().Set("Content-Type", canary); return true },
		"ERR": func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Type", "application/x-"+r.URL.Query().Get("service")+"-advertisement")
			fmt.Fprint(w, pkt("ERR "+say))
			return true
		},
		"redirect": func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "http://"+url.QueryEscape(canary)+".invalid/x", http.StatusFound)
			return true
		},
		"report": func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "receive-pack") {
				return false
			}
			w.Header().Set("Content-Type", "application/x-git-receive-pack-result")
			report := pkt("unpack ok\n") + pkt("ng refs/heads/main "+say+"\n") + "0000"
			fmt.Fprint(w, pkt("\x02"+say)+pkt("\x01"+report)+"0000")
			return true
		},
		"error channel": func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "receive-pack") {
				return false
			}
			w.Header().Set("Content-Type", "application/x-git-receive-pack-result")
			fmt.Fprint(w, pkt("\x03"+say))
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := gittest.NewServer(t, dir, gittest.Wrap(func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if !answer(w, r) {
						next.ServeHTTP(w, r)
					}
				})
			}))
			r := must(git.Open(t.Context(), server, withToken()))(t)
			_, err := r.Refs(t.Context())
			if err == nil {
				from := tip(t, r, "main")
				err = r.Push(t.Context(), git.Update{Ref: "refs/heads/main", Old: from.ID, New: change(t, r, from, map[string]string{"f": "2\n"})})
			}
			if err == nil {
				t.Fatal("nothing went wrong")
			}
			leaks(t, err)
			if strings.ContainsAny(err.Error(), "\x1b\n") {
				t.Errorf("control characters: %q", err)
			}
		})
	}
}

func TestRedirectsLeaveCredentialsBehind(t *testing.T) {
	dir := gittest.Bare(t, map[string]string{"f": "1\n"})
	var asked []string
	elsewhere := gittest.NewServer(t, dir, gittest.Observe(func(r *http.Request) { asked = append(asked, r.Header.Get("Authorization")) }))
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			t.Errorf("%s %s came to the first server", r.Method, r.URL)
		}
		http.Redirect(w, r, elsewhere+strings.TrimPrefix(r.URL.Path, "/moved")+"?"+r.URL.RawQuery, http.StatusMovedPermanently)
	}))
	defer first.Close()
	r := must(git.Open(t.Context(), first.URL+"/moved", withToken()))(t)
	from := tip(t, r, "main")
	if err := r.Push(t.Context(), git.Update{Ref: "refs/heads/main", Old: from.ID, New: change(t, r, from, map[string]string{"f": "2\n"})}); err != nil {
		t.Error(err)
	}
	if len(asked) < 4 || strings.Join(asked, "") != "" {
		t.Errorf("credentials sent elsewhere: %q", asked)
	}
	for name, to := range map[string]string{"a page": elsewhere + "/login", "a loop": "/info/refs?service=git-upload-pack", "a file": "file:///etc/info/refs"} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }))
		_, err := must(git.Open(t.Context(), s.URL, withToken()))(t).Refs(t.Context())
		if !errors.Is(err, git.ErrUnreachable) {
			t.Errorf("%s: %v", name, err)
		}
		s.Close()
	}
}

func TestPushIsDecidedByTheRefs(t *testing.T) {
	dir := gittest.Bare(t, map[string]string{"f": "1\n"})
	push := func(t *testing.T, url string) (git.ID, error) {
		r := open(t, url)
		from := tip(t, r, "main")
		id := change(t, r, from, map[string]string{"f": t.Name()})
		return id, r.Push(t.Context(), git.Update{Ref: "refs/heads/main", Old: from.ID, New: id})
	}
	t.Run("a hook declines", func(t *testing.T) {
		_, err := push(t, gittest.NewServer(t, dir, gittest.RefusePush("main is protected")))
		var moved *git.MovedError
		if !errors.Is(err, git.ErrRefused) || errors.As(err, &moved) || !strings.Contains(err.Error(), "main is protected") {
			t.Errorf("%v", err)
		}
	})
	t.Run("the answer is lost", func(t *testing.T) {
		id, err := push(t, gittest.NewServer(t, dir, gittest.Wrap(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "receive-pack") {
					next.ServeHTTP(httptest.NewRecorder(), r)
					panic(http.ErrAbortHandler)
				}
				next.ServeHTTP(w, r)
			})
		})))
		if got := gittest.Run(t, dir, "rev-parse", "main"); err != nil || got != string(id) {
			t.Errorf("%v, main = %s, want %s", err, got, id)
		}
	})
	t.Run("the server lies", func(t *testing.T) {
		_, err := push(t, gittest.NewServer(t, dir, gittest.Wrap(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "receive-pack") {
					next.ServeHTTP(w, r)
					return
				}
				w.Header().Set("Content-Type", "application/x-git-receive-pack-result")
				fmt.Fprint(w, "0030\x01000eunpack ok\n0019ok refs/heads/main\n00000000")
			})
		})))
		if !errors.Is(err, git.ErrRefused) {
			t.Errorf("%v", err)
		}
	})
	t.Run("another comes right after", func(t *testing.T) {
		var after string
		_, err := push(t, gittest.NewServer(t, dir, gittest.Wrap(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(w, r)
				if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "receive-pack") {
					after = gittest.Commit(t, dir, "main", map[string]string{"g": "after\n"})
				}
			})
		})))
		if err != nil || gittest.Run(t, dir, "rev-parse", "main") != after {
			t.Errorf("what was built on is called lost: %v", err)
		}
	})
	t.Run("another comes right before", func(t *testing.T) {
		var before string
		_, err := push(t, gittest.NewServer(t, dir, gittest.Wrap(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "receive-pack") {
					before = gittest.Commit(t, dir, "main", map[string]string{"g": "before\n"})
				}
				next.ServeHTTP(w, r)
			})
		})))
		var moved *git.MovedError
		if !errors.As(err, &moved) || string(moved.Have) != before {
			t.Errorf("%v", err)
		}
	})
	t.Run("several refs one by one", func(t *testing.T) {
		r := open(t, gittest.NewServer(t, dir, gittest.NoAtomic()))
		from := tip(t, r, "main")
		err := r.Push(t.Context(), git.Update{Ref: "refs/heads/x", New: from.ID}, git.Update{Ref: "refs/heads/y", New: from.ID})
		if !errors.Is(err, git.ErrRefused) || branches(t, dir) != "main" {
			t.Errorf("%v", err)
		}
	})
	fsck(t, dir)
}

func TestLimits(t *testing.T) {
	dir := gittest.Bare(t, map[string]string{"bomb": strings.Repeat("0", 3<<20), "small": "1\n"})
	server := gittest.NewServer(t, dir)
	read := func(l git.Limits) error {
		o := options
		o.Limits = l
		r := must(git.Open(t.Context(), server, o))(t)
		refs, err := r.Refs(t.Context())
		if err != nil {
			return err
		}
		if err := r.Fetch(t.Context(), 1, "refs/heads/main"); err != nil {
			return err
		}
		c, err := r.Commit(t.Context(), refs["refs/heads/main"])
		if err != nil {
			return err
		}
		e, err := r.Lookup(t.Context(), c.Tree, "bomb")
		if err != nil {
			return err
		}
		_, err = r.Blob(t.Context(), e.ID)
		return err
	}
	for name, c := range map[string]struct {
		l  git.Limits
		is error
	}{
		"none":    {git.Limits{}, nil},
		"refs":    {git.Limits{Refs: 100}, git.ErrTooLarge},
		"pack":    {git.Limits{Pack: 100}, git.ErrTooLarge},
		"object":  {git.Limits{Object: 1 << 20}, git.ErrTooLarge},
		"inflate": {git.Limits{Inflate: 1 << 20}, git.ErrTooLarge},
	} {
		if err := read(c.l); !errors.Is(err, c.is) {
			t.Errorf("%s: %v, want %v", name, err, c.is)
		}
	}
	o := options
	o.Limits.Object = 1 << 20
	local := must(git.Open(t.Context(), dir, o))(t)
	e := must(local.Lookup(t.Context(), tip(t, local, "main").Tree, "bomb"))(t)
	if _, err := local.Blob(t.Context(), e.ID); !errors.Is(err, git.ErrTooLarge) {
		t.Errorf("on disk: %v", err)
	}
}

func TestSlowServersEndWithTheContext(t *testing.T) {
	dir := gittest.Bare(t, map[string]string{"f": "1\n"})
	var posts bool
	drip := gittest.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if (r.Method == http.MethodPost) != posts {
				next.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
			w.(http.Flusher).Flush()
			for range 100 {
				select {
				case <-r.Context().Done():
					return
				case <-time.After(50 * time.Millisecond):
					fmt.Fprint(w, "0008NAK\n")
					w.(http.Flusher).Flush()
				}
			}
		})
	})
	for _, posts = range []bool{false, true} {
		r := open(t, gittest.NewServer(t, dir, drip))
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		begin := time.Now()
		err := r.Fetch(ctx, 1, "refs/heads/main")
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, git.ErrUnreachable) {
			t.Errorf("%v", err)
		}
		if took := time.Since(begin); took > 2*time.Second {
			t.Errorf("took %v", took)
		}
	}
}

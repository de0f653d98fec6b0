// Package charts fetches Helm charts from classic chart repositories, a web server with an index.yaml, and opens the
// archives that charts come in, wherever they come from.
//
//	charts.go      the client: what is asked of the web, and of whom
//	index.go       one chart's versions out of an index of any size
//	pick.go        versions and ranges, as Helm understands them
//	open.go        an archive to the files of a chart that is the one that was asked for
//	provenance.go  signatures beside archives
//
// A repository is a stranger: its index, its addresses and its archives are bounded and checked before anything is made
// of them, and its credentials go to no other host. Nothing is executed, nothing touches a disk.
package charts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ferry-cd/ferry/door"
)

// Options say how repositories are reached. The zero value reads public ones.
type Options struct {
	// Login gives what a repository wants to know of us, by its URL; nil and an empty user mean nothing.
	Login     func(repository string) (user string, password door.Token)
	CABundle  []byte   // PEM certificates trusted besides the system's
	PlainHTTP []string // hosts, with their port, that may be asked without TLS, beside this machine
	Timeout   time.Duration
	Keyring   []byte // public OpenPGP keys that provenance files are checked with; nil only shows them
	Now       func() time.Time
	Sleep     func(context.Context, time.Duration) error
	Log       func(string)
	Under     http.RoundTripper // what carries requests; nil = the network
}

// Bounds of what comes from a repository.
const (
	maxIndex      = 64 << 20 // bytes of an index; the largest public ones have about 20 MB
	maxArchive    = 32 << 20 // bytes of a chart as it travels
	maxProvenance = 1 << 20
	maxFile       = 16 << 20
	patience      = 2 * time.Minute // for one download with all its tries
)

// Client fetches charts. Each index and each archive is asked for once, however many want it. It may be used by several
// goroutines.
type Client struct {
	o       Options
	indexes door.Once[[]byte]
	archive door.Once[Chart]

	mu         sync.Mutex
	transports map[string]*door.Transport
}

// New makes a client.
func New(o Options) *Client { return &Client{o: o, transports: map[string]*door.Transport{}} }

// Chart is a chart as it was fetched.
type Chart struct {
	Name, Version string
	Digest        string            // sha256:... of the archive
	Archive       []byte            // as it came
	Files         map[string][]byte // by path from the chart's folder
	Provenance    string            // what is known of its signature, for people; "" where there is none
}

// Error is a chart that cannot be had, or that is not taken.
type Error struct {
	What   string // the chart, or the repository
	Reason string
	Next   string
	Err    error
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.What + ": " + e.Reason + ": " + e.Err.Error()
	}
	return e.What + ": " + e.Reason
}

// Unwrap gives what went wrong below.
func (e *Error) Unwrap() error { return e.Err }

// Hint is the optional next step.
func (e *Error) Hint() string {
	if h, ok := errors.AsType[interface {
		error
		Hint() string
	}](e.Err); ok && e.Next == "" {
		return h.Hint()
	}
	return e.Next
}

// Find resolves a version or range of a chart in a repository. Nothing but the index is read.
func (c *Client) Find(ctx context.Context, repository, name, wanted string) (Version, error) {
	base, err := c.base(repository)
	if err != nil {
		return Version{}, err
	}
	index, err := c.indexes.Do(base.String(), func() ([]byte, error) {
		return c.get(ctx, repository, base.JoinPath("index.yaml"), maxIndex, "index.yaml")
	})
	if err != nil {
		return Version{}, err
	}
	what := name + " in " + base.Redacted()
	all, err := versionsOf(index, name)
	if err != nil {
		return Version{}, &Error{What: what, Reason: "read index.yaml", Err: err}
	}
	if len(all) == 0 {
		return Version{}, &Error{What: what, Reason: "the index has no such chart"}
	}
	names := make([]string, len(all))
	for i, v := range all {
		names[i] = v.Version
	}
	i, err := Pick(names, wanted)
	if err != nil {
		return Version{}, &Error{What: what, Reason: err.Error()}
	}
	return all[i], nil
}

// Fetch brings a version that Find has found, or one that is known by its digest: then nothing else is taken for it.
func (c *Client) Fetch(ctx context.Context, repository, name string, v Version, digest string) (Chart, error) {
	return c.archive.Do(strings.Join([]string{repository, name, v.Version, digest}, "\n"), func() (Chart, error) {
		return c.fetch(ctx, repository, name, v, digest)
	})
}

func (c *Client) fetch(ctx context.Context, repository, name string, v Version, digest string) (Chart, error) {
	what := name + " " + v.Version + " from " + redacted(repository)
	at, err := c.locate(repository, v)
	if err != nil {
		return Chart{}, &Error{What: what, Reason: err.Error()}
	}
	data, err := c.get(ctx, repository, at, maxArchive, "the chart")
	if err != nil {
		return Chart{}, err
	}
	have := Digest(data)
	for _, want := range []string{digest, withAlgorithm(v.Digest)} {
		if want != "" && want != have {
			return Chart{}, &Error{What: what, Reason: fmt.Sprintf("the archive has the digest %s, not %s", have, want),
				Next: "somebody replaced the archive under its version; ask who, before anything else"}
		}
	}
	chart, err := Open(data, name, v.Version)
	if err != nil {
		return Chart{}, &Error{What: what, Reason: "open it", Err: err}
	}
	chart.Provenance, err = c.provenance(ctx, repository, at, chart)
	if err != nil {
		return Chart{}, &Error{What: what, Reason: "check its provenance", Err: err}
	}
	return chart, nil
}

// Digest names bytes.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// withAlgorithm brings a digest of an index, which is sha256 without a word about it, to the form of all others.
func withAlgorithm(digest string) string {
	if digest == "" || strings.Contains(digest, ":") {
		return digest
	}
	return "sha256:" + strings.ToLower(digest)
}

// base reads the address of a repository.
func (c *Client) base(repository string) (*url.URL, error) {
	u, err := url.Parse(repository)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, &Error{What: redacted(repository), Reason: "is no address on the web", Next: "as https://charts.example.com"}
	}
	if u.User != nil {
		return nil, &Error{What: u.Redacted(), Reason: "carries credentials", Next: "leave them out; ferry is given credentials by other means"}
	}
	return u, nil
}

func redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "an address that cannot be read"
	}
	return u.Redacted()
}

// locate finds where an archive lies. The index may name any host, but none that only this machine can reach.
func (c *Client) locate(repository string, v Version) (*url.URL, error) {
	base, err := c.base(repository)
	if err != nil {
		return nil, err
	}
	if len(v.URLs) == 0 {
		return nil, errors.New("the index names no place to fetch it from")
	}
	u, err := url.Parse(v.URLs[0])
	if err != nil {
		return nil, errors.New("the index names a place that is no URL")
	}
	if !u.IsAbs() {
		dir := *base
		dir.Path = strings.TrimSuffix(dir.Path, "/") + "/"
		u = dir.ResolveReference(u)
	}
	return u, mayLead(base, u)
}

// mayLead refuses a way from the outside to this machine and its neighbourhood, where an answer is for nobody else's eyes.
func mayLead(from, to *url.URL) error {
	switch {
	case to.Scheme != "https" && to.Scheme != "http" || to.Host == "":
		return fmt.Errorf("%s leads to %s, which is no place on the web", from.Redacted(), to.Redacted())
	case to.Scheme == "http" && from.Scheme == "https":
		return fmt.Errorf("%s leads to %s, which is not encrypted", from.Redacted(), to.Redacted())
	case to.User != nil:
		return fmt.Errorf("%s leads to an address with credentials", from.Redacted())
	case near(to.Hostname()) && !near(from.Hostname()):
		return fmt.Errorf("%s leads to %s, which is this machine", from.Redacted(), to.Redacted())
	}
	return nil
}

func near(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && (ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsUnspecified())
}

// get fetches a file of a repository.
func (c *Client) get(ctx context.Context, repository string, at *url.URL, limit int64, what string) ([]byte, error) {
	if err := c.encrypted(at); err != nil {
		return nil, &Error{What: at.Redacted(), Reason: "fetch " + what, Err: err, Next: "use https://, or name the host with --registry-http"}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	t := c.transport(repository, limit)
	client := t.Client()
	follow := client.CheckRedirect
	client.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if err := errors.Join(mayLead(via[0].URL, req.URL), c.encrypted(req.URL)); err != nil {
			return err
		}
		return follow(req, via)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, err
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, &Error{What: at.Redacted(), Reason: "fetch " + what, Err: plainly(err)}
	}
	defer res.Body.Close()
	if err := t.Failure(res); err != nil {
		return nil, &Error{What: at.Redacted(), Reason: "fetch " + what, Err: &statusError{res.StatusCode}}
	}
	return io.ReadAll(res.Body)
}

// File fetches a single file of the web, without credentials.
func (c *Client) File(ctx context.Context, address string) ([]byte, error) {
	u, err := c.base(address)
	if err != nil {
		return nil, err
	}
	return c.get(ctx, address, u, maxFile, "the file")
}

// plainly takes the method and the address off an error that names them again.
func plainly(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// statusError is an answer that is no success. What the page says is for browsers.
type statusError struct{ code int }

func (e *statusError) Error() string { return fmt.Sprintf("the server answers %d", e.code) }

// Is tells what is not there from what went wrong.
func (e *statusError) Is(target error) bool {
	return target == errAbsent && e.code == http.StatusNotFound
}

// Hint is the optional next step.
func (e *statusError) Hint() string {
	if e.code == http.StatusUnauthorized || e.code == http.StatusForbidden {
		return "say who you are: helm repo add --username writes the file that ferry reads, see docs/intake.md"
	}
	return ""
}

// ExitCode is that of refused credentials.
func (e *statusError) ExitCode() int {
	if e.code == http.StatusUnauthorized {
		return 4
	}
	return 1
}

var errAbsent = errors.New("it is not there")

// encrypted refuses to speak without TLS to another machine, unless somebody named its host; each host by itself, whoever
// leads there.
func (c *Client) encrypted(u *url.URL) error {
	ip := net.ParseIP(u.Hostname())
	here := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme == "https" || here || slices.ContainsFunc(c.o.PlainHTTP, func(host string) bool { return strings.EqualFold(host, u.Host) }) {
		return nil
	}
	return fmt.Errorf("%s is not encrypted: credentials would be readable on the way", u.Scheme+"://"+u.Host)
}

// transport gives the way to a repository's own host, with its credentials, for answers up to a size.
func (c *Client) transport(repository string, limit int64) *door.Transport {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := fmt.Sprint(repository, " ", limit)
	if t, ok := c.transports[key]; ok {
		return t
	}
	o := door.Options{Base: repository, CABundle: c.o.CABundle, AllowHTTP: true, // encrypted has the say
		Budget: patience, Timeout: c.o.Timeout,
		MaxBody: limit, Now: c.o.Now, Sleep: c.o.Sleep, Log: c.o.Log, Under: c.o.Under}
	if c.o.Login != nil {
		if user, password := c.o.Login(repository); user != "" {
			o.Credential = door.Basic(user, password)
		}
	}
	t := door.NewTransport(o)
	c.transports[key] = t
	return t
}

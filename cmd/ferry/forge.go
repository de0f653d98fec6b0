package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/scm"
)

// forgeOptions say what a repository's address does not tell.
type forgeOptions struct {
	kind, url string
	verbose   bool
}

func forgeFlags(o *forgeOptions) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "forge", EnvVars: []string{"FERRY_FORGE"}, Destination: &o.kind,
			Usage: "`KIND` of the forge: github, gitlab, azure, gitea (Forgejo too) or bitbucket (default: by the repository's host, or ferry.yaml)"},
		&cli.StringFlag{Name: "forge-url", EnvVars: []string{"FERRY_FORGE_URL"}, Destination: &o.url, Usage: "`URL` where the forge's pages begin, if not at the repository's host"},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, EnvVars: []string{"FERRY_VERBOSE"}, Destination: &o.verbose, Usage: "say each call to the forge, and how many there were"},
	}
}

// site is a repository on a server, as its forge knows it.
type site struct {
	kind       string
	url        string // where the forge's pages begin, without a slash at the end
	repository string // acme/gitops
}

// credentials are who ferry is to a forge and to its Git server.
type credentials struct {
	api, git door.Credential
	vouched  bool // the forge makes verified commits for them
}

// call is everything that a driver needs to open a site.
type call struct {
	site
	who credentials
	ca  []byte
	now func() time.Time
	log func(line string)
}

// connection is an opened repository with its forge; the forge is nil where there is none that ferry knows.
type connection struct {
	repo    *git.Repository
	forge   scm.Client
	vouched bool // the forge makes verified commits
	site    site // zero where the address alone tells the forge, or there is none
}

// said gives options by which other repositories of the same host are found.
func (c connection) said(o forgeOptions) forgeOptions {
	if c.site.kind != "" && o.kind == "" {
		o.kind, o.url = c.site.kind, c.site.url
	}
	return o
}

// connect opens a repository and the forge that it lies on. user is the name under which the embedded forge files what is
// written; other forges know it from the credentials.
func (a *app) connect(ctx context.Context, remote, user string, o forgeOptions, how git.Options) (connection, error) {
	ca, err := a.certificates()
	if err != nil {
		return connection{}, err
	}
	c := call{ca: ca, now: a.Now, log: a.callLog(o)}
	known := false
	if c.site, known, err = siteOf(remote, o); err == nil && known {
		c.who, err = a.credentials(c)
	}
	if err != nil {
		return connection{}, err
	}
	how.CABundle, how.Credential = ca, c.who.git
	repo, err := git.Open(ctx, remote, how)
	if err != nil {
		return connection{}, err
	}
	if _, here := repo.Local(); here && !known {
		forge, err := a.embedded(ctx, repo, user)
		return connection{repo: repo, forge: forge}, err
	}
	var said site
	if !known {
		if c.site, known, err = siteSaid(ctx, repo, remote); err == nil && known {
			c.who, err = a.credentials(c)
		}
		said = c.site
	}
	if err != nil || !known {
		return connection{repo: repo}, err
	}
	forge, err := openDriver(ctx, c)
	return connection{repo: repo, forge: forge, vouched: c.who.vouched && how.Signer == nil, site: said}, err
}

func (a *app) credentials(c call) (credentials, error) {
	d, _ := driverOf(c.kind)
	ask := func() (credentials, error) { return d.credentials(a, c) }
	if a.rotates {
		return a.rotate(ask)
	}
	return ask()
}

func openDriver(ctx context.Context, c call) (scm.Client, error) {
	if c.who.api == nil {
		return nil, &noTokenError{c.kind, c.url}
	}
	d, _ := driverOf(c.kind)
	return d.open(ctx, c)
}

// siteOf finds the forge by what was said, else by the address alone.
func siteOf(remote string, o forgeOptions) (site, bool, error) {
	if o.kind == "" {
		for _, d := range drivers {
			if s, ok := d.recognise(remote); ok {
				s.kind, s.url = d.kind, cmp.Or(strings.TrimRight(o.url, "/"), s.url)
				return s, true, nil
			}
		}
		return site{}, false, nil
	}
	s, err := siteAt(o.kind, remote, o.url)
	return s, err == nil, err
}

// siteAt finds the repository on a forge that was named.
func siteAt(kind, remote, at string) (site, error) {
	d, ok := driverOf(kind)
	if !ok {
		return site{}, usagef("there is no forge %q: ferry knows %s", kind, kinds())
	}
	s, ok := d.at(remote)
	if !ok {
		return site{}, usagef("the address of the repository does not look like one on %s", kind)
	}
	s.kind = kind
	if at == "" {
		return s, nil
	}
	return s.below(strings.TrimRight(at, "/"))
}

// below takes the path of the forge itself out of the repository's.
func (s site) below(at string) (site, error) {
	u, err := url.Parse(at)
	if err != nil || u.Host == "" {
		return site{}, usagef("--forge-url %s is not a URL", at)
	}
	full := s.repository
	if was, err := url.Parse(s.url); err == nil && was.Path != "" && was.Path != "/" {
		full = path.Join(strings.Trim(was.Path, "/"), full)
	}
	prefix := strings.Trim(u.Path, "/")
	if s.kind != "azure" { // its repository never contains the path
		if rest, ok := strings.CutPrefix(full, prefix+"/"); ok && prefix != "" {
			full = rest
		}
		s.repository = full
	}
	s.url = at
	return s, nil
}

// siteSaid reads from the repository's own configuration which forge it lies on. The credentials only go to the host of
// the repository: who may write the file may not send them elsewhere.
func siteSaid(ctx context.Context, repo *git.Repository, remote string) (site, bool, error) {
	said, err := forgeSaid(ctx, repo)
	if err != nil || said.Kind == "" {
		return site{}, false, err
	}
	s, err := siteAt(said.Kind, remote, "")
	if err != nil || said.URL == "" {
		return s, err == nil, err
	}
	u, err := url.Parse(said.URL)
	own, err2 := url.Parse(s.url)
	if err != nil || err2 != nil || !sameServer(u, own, remote) {
		return site{}, false, &otherHostError{said.URL, repo.URL()}
	}
	s, err = s.below(strings.TrimRight(said.URL, "/"))
	return s, err == nil, err
}

// sameServer tells whether a forge is where the repository is: at another port of its host may be anybody's. An address of
// SSH does not tell the port of the forge.
func sameServer(said, own *url.URL, remote string) bool {
	port := func(u *url.URL) string {
		return cmp.Or(u.Port(), map[string]string{"https": "443", "http": "80"}[u.Scheme])
	}
	web := strings.HasPrefix(remote, "https://") || strings.HasPrefix(remote, "http://")
	return strings.EqualFold(said.Hostname(), own.Hostname()) && (!web || said.Scheme == own.Scheme && port(said) == port(own))
}

// forgeSaid reads `forge:` of ferry.yaml on the default branch; nothing where there is neither.
func forgeSaid(ctx context.Context, repo *git.Repository) (environments.Forge, error) {
	branch, err := repo.DefaultBranch(ctx)
	if err != nil {
		return environments.Forge{}, unlessMissing(err)
	}
	if err := repo.Fetch(ctx, 1, "refs/heads/"+branch); err != nil {
		return environments.Forge{}, err
	}
	refs, err := repo.Refs(ctx)
	if err != nil {
		return environments.Forge{}, err
	}
	if refs["refs/heads/"+branch] == "" {
		return environments.Forge{}, nil
	}
	head, err := repo.Commit(ctx, refs["refs/heads/"+branch])
	if err != nil {
		return environments.Forge{}, unlessMissing(err)
	}
	entry, err := repo.Lookup(ctx, head.Tree, environments.RootFile)
	if err != nil {
		return environments.Forge{}, unlessMissing(err)
	}
	data, err := repo.Blob(ctx, entry.ID)
	return environments.ForgeOf(data), err
}

// unlessMissing lets pass that something is not there: others will say so better.
func unlessMissing(err error) error {
	if errors.Is(err, git.ErrNotFound) {
		return nil
	}
	return err
}

// certificates reads the bundle that is trusted besides the system's.
func (a *app) certificates() ([]byte, error) {
	file := a.Getenv("FERRY_CA_BUNDLE")
	if file == "" {
		return nil, nil
	}
	data, err := os.ReadFile(a.below(file))
	if err != nil {
		return nil, fmt.Errorf("FERRY_CA_BUNDLE: %w", err)
	}
	return data, nil
}

// callLog prints what goes to the forge, for those who asked.
func (a *app) callLog(o forgeOptions) func(string) {
	if !o.verbose {
		return nil
	}
	return func(line string) { a.say(calls, "forge: %s", line) }
}

// counted are forges that count their calls.
type counted interface{ Calls() door.Calls }

// sayCalls tells those who asked how much of the forge's quota a run used, at its end.
func (a *app) sayCalls(forge scm.Client, o forgeOptions) {
	c, ok := forge.(counted)
	if !ok || !o.verbose {
		return
	}
	a.atEnd = append(a.atEnd, func() {
		n := c.Calls()
		a.say(calls, "forge: %d calls (%d reads, %d of them unchanged; %d writes), %d repeated, %s waited",
			n.Reads+n.Writes, n.Reads, n.NotModified, n.Writes, n.Retries, n.Waited)
	})
}

// signing gives the forge itself as the maker of commits for branches that ask for verified ones, where it does that for
// ferry's credentials and ferry has no key of its own.
func (c connection) signing() func(context.Context, string) (scm.Signer, error) {
	signer, can := c.forge.(scm.Signer)
	ruler, tells := c.forge.(scm.Ruler)
	if !can || !tells || !c.vouched {
		return nil
	}
	asked := map[string]bool{}
	return func(ctx context.Context, base string) (scm.Signer, error) {
		signed, known := asked[base]
		if !known {
			rules, err := ruler.Rules(ctx, base)
			if err != nil && !errors.Is(err, scm.ErrForbidden) {
				return nil, err
			}
			signed = rules.Signed || err != nil // who may not know the rules is safe with a signature
			asked[base] = signed
		}
		if !signed {
			return nil, nil
		}
		return signer, nil
	}
}

// token finds the first variable that is set. Those of a CI are only for the server that set them.
func (a *app) token(names ...string) door.Token {
	return door.NewToken(a.variable(names...))
}

// variable finds the first variable that is set.
func (a *app) variable(names ...string) string {
	for _, name := range names {
		if v := strings.TrimSpace(a.Getenv(name)); v != "" {
			return v
		}
	}
	return ""
}

// from tells whether a variable of a CI names the server of a site.
func (a *app) from(variable string, s site) bool {
	u, err := url.Parse(a.Getenv(variable))
	own, err2 := url.Parse(s.url)
	return err == nil && err2 == nil && u.Host != "" && strings.EqualFold(u.Hostname(), own.Hostname())
}

// noTokenError says that nobody told ferry who it is.
type noTokenError struct{ kind, url string }

func (e *noTokenError) Error() string { return "no credentials for " + e.kind + " at " + e.url }
func (e *noTokenError) Hint() string {
	return "set FERRY_TOKEN; docs/forges.md says which permissions it needs"
}
func (e *noTokenError) ExitCode() int { return exitCredentials }

// otherHostError says that a configuration points the credentials elsewhere.
type otherHostError struct{ url, repository string }

func (e *otherHostError) Error() string {
	return fmt.Sprintf("ferry.yaml: forge.url %s is not on the host of %s", e.url, e.repository)
}
func (e *otherHostError) Hint() string {
	return "if that is right, say it where the credentials come from: --forge-url, or FERRY_FORGE_URL"
}
func (e *otherHostError) ExitCode() int { return exitUsage }

// noForgeError says that nobody knows what kind of forge a server is.
type noForgeError struct{ url string }

func (e *noForgeError) Error() string {
	return e.url + ": its host does not tell which kind of forge it is"
}

func (e *noForgeError) Hint() string {
	return "say --forge, or `forge: {kind: ...}` in ferry.yaml; a bare repository on this machine is a forge by itself: git clone --bare"
}

func (e *noForgeError) ExitCode() int { return exitUsage }

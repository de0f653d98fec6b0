package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/source"
	"github.com/ferry-cd/ferry/supply"
)

// releaseOptions are a release as flags or a document say it.
type releaseOptions struct {
	app, version string
	images       []string
	sequence     string
	source       string
	document     string
	allowTags    bool
	wait         time.Duration
	dev          bool
}

func releaseFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "app", Usage: "`APP` as ferry.yaml names it"},
		&cli.StringFlag{Name: "version", Usage: "`VERSION`, a label for people"},
		&cli.StringSliceFlag{Name: "image", Usage: "`IMAGE` as [NAME=]REPOSITORY[:TAG][@sha256:...]; a tag alone is resolved now, and only its digest travels on; may be repeated"},
		&cli.StringFlag{Name: "sequence", Usage: "`NUMBER` that grows from release to release, or KIND-NUMBER to go on with another counter (default: the CI's run, else the time of the commit)"},
		&cli.StringFlag{Name: "source", Value: ".", Usage: "`FOLDER` in a checkout of the app's repository"},
		&cli.StringFlag{Name: "release", Usage: "`FILE` with releases of one or several apps as JSON, or - for stdin"},
		&cli.BoolFlag{Name: "allow-tags", Usage: "accept images without a digest, and ask no registry for it"},
		&cli.DurationFlag{Name: "wait-for-images", Usage: "`HOW LONG` images of the source commit may take to appear in their registries"},
		&cli.BoolFlag{Name: "dev", Usage: "use the working files instead of the commit"},
	}
}

func releaseOf(c *cli.Context) releaseOptions {
	return releaseOptions{app: c.String("app"), version: c.String("version"), images: c.StringSlice("image"), sequence: c.String("sequence"),
		source: c.String("source"), document: c.String("release"), allowTags: c.Bool("allow-tags"), wait: c.Duration("wait-for-images"), dev: c.Bool("dev")}
}

func (o releaseOptions) given() bool { return o.version != "" || o.document != "" || len(o.images) > 0 }

// openIntake makes complete releases of what the command line says, ready to be planned or accepted.
func (a *app) openIntake(ctx context.Context, o submitOptions) (*gitops, *promote.Snapshot, *source.Intake, error) {
	document, err := a.readReleases(o.release)
	if err != nil {
		return nil, nil, nil, err
	}
	releases, said := document.Releases, claim{document.Identity, digestOf(document.Releases)}
	g, err := a.openGitOps(ctx, o.gitops)
	if err != nil {
		return nil, nil, nil, err
	}
	var apps []string
	for _, r := range releases {
		apps = append(apps, r.App)
	}
	s, err := g.Load(ctx, promote.Scope{Apps: apps})
	if err != nil {
		return nil, nil, nil, err
	}
	b := &builder{app: a, options: o.release, config: s.Config, history: g.history, state: s, embedded: g.embedded(), pinner: a.pinner(g.registry, o.release)}
	if b.bringer, err = g.bringer(a, o.gitops); err != nil {
		return nil, nil, nil, err
	}
	if b.checkout, err = source.OpenCheckout(ctx, a.below(o.release.source), git.Options{Now: a.Now}); err != nil && !b.allElsewhere(releases) {
		return nil, nil, nil, err
	}
	g.history.checkout = b.checkout
	if b.ci, err = source.FromCI(a.Getenv); err != nil {
		return nil, nil, nil, err
	}
	if err := b.complete(ctx, releases, s.Accepted); err != nil {
		return nil, nil, nil, err
	}
	if err := a.believe(ctx, s.Config, said, releases); err != nil {
		return nil, nil, nil, err
	}
	if releases, err = b.contained(ctx, releases, s.Accepted); err != nil {
		return nil, nil, nil, err
	}
	for _, r := range releases {
		if err := s.Confirm(ctx, r, b.descends(r)); err != nil {
			return nil, nil, nil, err
		}
	}
	in, err := g.store.Intake(ctx, b.repository(), releases)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, n := range in.Notices() {
		a.say(notice, "%s", n)
	}
	return g, s, in, nil
}

// allElsewhere tells whether every release has templates that were stored before, or come from elsewhere, so that no checkout
// is needed.
func (b *builder) allElsewhere(releases []release.Release) bool {
	return !slices.ContainsFunc(releases, func(r release.Release) bool {
		conf, _ := b.config.App(r.App)
		return r.Templates == "" && !conf.Source.Fetched() && !handedOver(r)
	})
}

// readReleases reads flags or the document.
func (a *app) readReleases(o releaseOptions) (release.Document, error) {
	if o.document != "" {
		if o.app != "" || o.version != "" || len(o.images) > 0 {
			return release.Document{}, usagef("give a release by --release or by --app, --version and --image, not both")
		}
		return a.readDocument(o.document)
	}
	if o.app == "" {
		return release.Document{}, usagef("which release? give --app and --version, or --release FILE")
	}
	r := release.Release{App: o.app, Version: o.version}
	var problems []error
	for _, text := range o.images {
		img, err := release.ParseImage(text)
		if err != nil {
			problems = append(problems, fmt.Errorf("--image: %w", err))
		}
		r.Images = append(r.Images, img)
	}
	return release.Document{Releases: []release.Release{r}}, errors.Join(problems...)
}

// maxDocument bounds a release document.
const maxDocument = 16 << 20

func (a *app) readDocument(name string) (release.Document, error) {
	in := a.In
	if name != "-" {
		f, err := os.Open(a.below(name))
		if err != nil {
			return release.Document{}, err
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, maxDocument))
	if err != nil {
		return release.Document{}, fmt.Errorf("read %s: %w", name, err)
	}
	d, err := release.ParseDocument(data)
	var problems release.Problems
	if errors.As(err, &problems) {
		return release.Document{}, problems.In(name)
	}
	return d, err
}

// builder completes releases from CI variables, the checkout and ferry.yaml.
type builder struct {
	app      *app
	options  releaseOptions
	config   *environments.Config
	state    *promote.Snapshot
	embedded bool // the forge of the GitOps repository is the embedded one
	checkout *source.Checkout
	history  *history
	ci       source.CI
	pinner   *pinner
	bringer  *bringer
}

func (b *builder) repository() *git.Repository {
	if b.checkout == nil {
		return nil
	}
	return b.checkout.Repository()
}

// complete fills in all releases, or names what is wrong with each.
func (b *builder) complete(ctx context.Context, releases []release.Release, accepted map[string]release.Release) error {
	var problems []error
	for i := range releases {
		problems = append(problems, b.identify(ctx, &releases[i]))
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	if !b.options.allowTags {
		if err := b.pinner.pin(ctx, releases, accepted); err != nil {
			return err
		}
	}
	for i := range releases {
		problems = append(problems, b.fill(ctx, &releases[i], accepted))
	}
	return errors.Join(problems...)
}

// identify fills in where a release comes from, and its place in the order.
func (b *builder) identify(ctx context.Context, r *release.Release) error {
	conf, ok := b.config.App(r.App)
	if !ok {
		var known []string
		for _, a := range b.config.Apps {
			known = append(known, a.Name)
		}
		return &promote.Unknown{Kind: "app", Name: r.App, Known: known}
	}
	if !b.thirdParty(conf, r) {
		return b.built(ctx, r, conf)
	}
	if err := b.templates(ctx, r, conf); err != nil {
		return err
	}
	b.unbuilt(r)
	if err := mayComeFrom(conf, *r); err != nil {
		return err
	}
	return b.order(r)
}

// built fills in what a checkout and CI tell.
func (b *builder) built(ctx context.Context, r *release.Release, conf environments.App) error {
	if r.Version == "" {
		return usagef("which release of %s? give --version", r.App)
	}
	if err := b.origin(ctx, r); err != nil {
		return err
	}
	if err := mayComeFrom(conf, *r); err != nil {
		return err
	}
	if err := b.order(r); err != nil {
		return err
	}
	return b.templates(ctx, r, conf)
}

// fill adds what was accepted before, and what the history tells.
func (b *builder) fill(ctx context.Context, r *release.Release, accepted map[string]release.Release) error {
	if err := b.images(r, accepted[r.App]); err != nil {
		return err
	}
	b.tickets(ctx, r, accepted[r.App])
	b.authors(ctx, r, accepted[r.App])
	if err := r.Validate(); err != nil {
		return fmt.Errorf("release of %s: %w", r.App, err)
	}
	return nil
}

// origin fills in which commit of which repository the release was built from.
func (b *builder) origin(ctx context.Context, r *release.Release) error {
	if r.Source.Commit != "" && r.Source.Repository != "" && !r.Source.Time.IsZero() || b.checkout == nil {
		return nil
	}
	if r.Source.Commit == "" {
		r.Source.Commit = b.ci.Commit
	}
	commit, err := b.checkout.Head(ctx)
	if err == nil && r.Source.Commit != "" && r.Source.Commit != string(commit.ID) {
		commit, err = b.checkout.Commit(ctx, git.ID(r.Source.Commit))
	}
	if err != nil {
		return err
	}
	r.Source.Commit, r.Source.Time = string(commit.ID), commit.Time.UTC()
	if r.Source.Ref == "" {
		r.Source.Ref = b.ci.Ref
	}
	for _, known := range []string{b.ci.Repository, b.checkout.Origin(), b.checkout.Dir()} {
		if r.Source.Repository == "" {
			r.Source.Repository = known
		}
	}
	return nil
}

// mayComeFrom refuses a release of a foreign repository or ref.
func mayComeFrom(conf environments.App, r release.Release) error {
	if !conf.Source.Fetched() {
		if err := source.CheckOrigin(r, conf.Source.Repository); err != nil {
			return err
		}
	}
	if len(conf.AllowedFrom) == 0 {
		return nil
	}
	var allowed []string
	for _, from := range conf.AllowedFrom {
		if source.IsRepository(from.Repository, r.Source.Repository) && (from.Ref == "" || refFits(from.Ref, r.Source.Ref)) {
			return nil
		}
		allowed = append(allowed, strings.TrimSpace(from.Repository+" "+from.Ref))
	}
	return &promote.Refused{Next: "ferry.yaml allows " + strings.Join(allowed, ", "),
		Reason: fmt.Sprintf("releases of %s may not come from %s, %s", r.App, r.Source.Repository, cmp.Or(r.Source.Ref, "no ref that anybody named"))}
}

// refFits tells whether a ref is what a pattern wants; * matches any text.
func refFits(pattern, ref string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == ref
	}
	rest, ok := strings.CutPrefix(ref, parts[0])
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(rest, part)
		rest, ok = after, ok && found
	}
	return ok && strings.HasSuffix(rest, parts[len(parts)-1])
}

// order fills in the sequence: as told, else the CI's, else the time of the commit.
func (b *builder) order(r *release.Release) error {
	switch {
	case b.options.sequence != "":
		seq, err := release.ParseSequence(b.options.sequence)
		if err != nil {
			return usagef("--sequence: %w", err)
		}
		r.Sequence = seq
	case r.Sequence != release.Sequence{}:
	case b.ci.Sequence != release.Sequence{}:
		r.Sequence = b.ci.Sequence
	case !r.Source.Time.IsZero():
		r.Sequence = release.Sequence{Kind: release.Time, Number: r.Source.Time.Unix()}
	default:
		return usagef("release of %s: nothing tells its order: give --sequence", r.App)
	}
	return nil
}

// templates finds the tree that every later render reads.
func (b *builder) templates(ctx context.Context, r *release.Release, conf environments.App) error {
	if r.Templates == "" && conf.Source.Fetched() {
		return b.fetch(ctx, r, conf.Source)
	}
	root := "."
	for p := range b.config.EachPlacement() {
		if p.App == r.App {
			root = p.Root
		}
	}
	if r.Templates != "" {
		return nil
	}
	if b.elsewhere(ctx, r) {
		return b.fetchCommit(ctx, r, conf, root)
	}
	if b.checkout == nil {
		return nil
	}
	var tree git.ID
	var err error
	if b.options.dev {
		b.app.say(notice, "using the working files of %s, not a commit", b.checkout.Dir())
		tree, err = b.checkout.WorkTree(ctx, root)
	} else {
		tree, err = b.checkout.Tree(ctx, git.ID(r.Source.Commit), root)
		b.warn(ctx, root)
	}
	if err != nil {
		return err
	}
	r.Root = stored(root)
	return b.store(ctx, r, b.checkout.Repository(), tree, nil)
}

// handedOver tells whether a release says where it comes from, so that its source can be read without a checkout.
func handedOver(r release.Release) bool {
	return r.Source.Commit != "" && r.Source.Repository != "" && !r.Source.Time.IsZero()
}

// elsewhere tells whether a release of a document is of a commit that is not in this checkout: the job of the GitOps
// repository has none of the app's.
func (b *builder) elsewhere(ctx context.Context, r *release.Release) bool {
	if b.options.document == "" || b.options.dev || !handedOver(*r) {
		return false
	}
	if b.checkout == nil {
		return true
	}
	_, err := b.checkout.Commit(ctx, git.ID(r.Source.Commit))
	return err != nil
}

// fetchCommit reads the templates of one commit out of the repository that ferry.yaml names, once.
func (b *builder) fetchCommit(ctx context.Context, r *release.Release, conf environments.App, root string) error {
	got, err := b.bringer.Source(ctx, supply.Source{Repository: conf.Source.Repository, Ref: r.Source.Commit, Root: root})
	if err != nil {
		return fmt.Errorf("templates of %s at %s: %w", r.App, short(r.Source.Commit), err)
	}
	r.Root = stored(root)
	return b.store(ctx, r, got.Repo, got.Tree, got.Files)
}

// stored is a folder as a release names it: "" is the whole repository.
func stored(root string) string {
	if root == "." {
		return ""
	}
	return root
}

// warn tells of changes that are not in the commit and therefore not in the release.
func (b *builder) warn(ctx context.Context, root string) {
	dirty, err := b.checkout.Dirty(ctx, root)
	if err != nil || len(dirty) == 0 {
		return
	}
	b.app.say(warning, "uncommitted changes are not in the release (--dev uses them): %s", strings.Join(dirty[:min(len(dirty), 5)], ", "))
}

// images takes over what the release does not carry, and refuses what is not pinned or not the app's.
func (b *builder) images(r *release.Release, accepted release.Release) error {
	var names []string
	optional := map[string]bool{}
	for p := range b.config.EachPlacement() {
		if p.App != r.App {
			continue
		}
		for _, img := range p.Images {
			names, optional[img.Name] = append(names, img.Name), img.Optional
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	*r = source.Carry(*r, names, accepted)
	var problems []error
	for _, img := range r.Images {
		if img.Digest == "" && !b.options.allowTags {
			problems = append(problems, usagef("image %s has no digest: give %s@sha256:..., or --allow-tags to trust a tag that may move", img.Reference(), img.Reference()))
		}
		if len(names) > 0 && !slices.ContainsFunc(names, func(n string) bool { return release.SameImage(n, img.Name) }) {
			problems = append(problems, usagef("image %s is not one of %s: ferry.yaml names %s", img.Name, r.App, strings.Join(names, ", ")))
		}
	}
	for _, name := range names {
		if !optional[name] && !slices.ContainsFunc(r.Images, func(i release.Image) bool { return release.SameImage(i.Name, name) }) {
			problems = append(problems, usagef("the release of %s carries no image %s, and no earlier one did: give --image %s:...@sha256:...", r.App, name, name))
		}
	}
	return errors.Join(problems...)
}

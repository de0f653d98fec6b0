package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/source"
	"github.com/ferry-cd/ferry/source/identity"
)

// claim is what came with releases: a token, "" for none, and the digest of the releases as they were read.
type claim struct{ token, digest string }

// digestOf tells releases from all others.
func digestOf(releases []release.Release) string {
	digest, err := release.Digest(releases)
	if err != nil {
		return "" // what cannot be written was not read: no token is about it
	}
	return digest
}

// attest asks the CI that runs us to say that we wrote just these releases.
func (a *app) attest(ctx context.Context, releases []release.Release) (string, error) {
	return identity.Request(ctx, a.Getenv, identity.Audience(digestOf(releases)))
}

// believe checks who wrote releases, where ferry.yaml wants that said by an issuer: of every app that names where its releases
// may come from. What a release says of its own source is compared with what the issuer says.
func (a *app) believe(ctx context.Context, config *environments.Config, said claim, releases []release.Release) error {
	guarded := slices.DeleteFunc(slices.Clone(releases), func(r release.Release) bool {
		app, _ := config.App(r.App)
		return len(app.AllowedFrom) == 0
	})
	if len(config.Trust.Issuers) == 0 || len(guarded) == 0 {
		return nil
	}
	is, err := a.claims(ctx, config, said)
	if err != nil {
		return err
	}
	for _, r := range guarded {
		if !source.IsRepository(is.Repository, r.Source.Repository) || r.Source.Commit != is.Commit || r.Source.Ref != is.Ref {
			return &promote.Refused{Reason: fmt.Sprintf("%s %s says that it comes from %s %s at %s, and its identity is of %s %s at %s", r.App, r.Version,
				r.Source.Repository, r.Source.Ref, short(r.Source.Commit), is.Repository, is.Ref, short(is.Commit)),
				Next: "write it down in a job of its own repository and commit: ferry release create --attest"}
		}
	}
	return nil
}

// claims verifies the identity that came with releases; without one, the CI that runs us is asked.
func (a *app) claims(ctx context.Context, config *environments.Config, said claim) (identity.Claims, error) {
	token, audience := said.token, identity.Audience(said.digest)
	if token == "" {
		var err error
		token, err = identity.Request(ctx, a.Getenv, audience)
		if errors.Is(err, identity.ErrNone) {
			return identity.Claims{}, &promote.Refused{Reason: "nobody says who wrote this release, and trust.issuers in ferry.yaml asks for that", Next: "write it down in the app's CI: ferry release create --attest"}
		}
		if err != nil {
			return identity.Claims{}, err
		}
	}
	ca, err := a.certificates()
	if err != nil {
		return identity.Claims{}, err
	}
	v := identity.Verifier{Issuers: config.Trust.Issuers, Now: a.Now, CABundle: ca}
	return v.Verify(ctx, token, audience)
}

package connector

import (
	"strings"
	"testing"
)

var (
	sha1hex   = strings.Repeat("0123456789", 4)
	sha256hex = strings.Repeat("0123456789abcdef", 4)
)

func TestParseRevision(t *testing.T) {
	for _, c := range []struct {
		kind, in string
		want     Revision
	}{
		// Git, as Flux writes it since RFC-0005.
		{Git, "main@sha1:" + sha1hex, Revision{Git, "main", "sha1", sha1hex}},
		{Git, "environment/dev@sha1:" + sha1hex, Revision{Git, "environment/dev", "sha1", sha1hex}},
		{Git, "refs/pull/420/head@sha1:" + sha1hex, Revision{Git, "refs/pull/420/head", "sha1", sha1hex}},
		{Git, "refs/merge-requests/1/head@sha1:" + sha1hex, Revision{Git, "refs/merge-requests/1/head", "sha1", sha1hex}},
		{Git, "v1.2.3@sha1:" + sha1hex, Revision{Git, "v1.2.3", "sha1", sha1hex}},
		{Git, "user@host/fix@sha1:" + sha1hex, Revision{Git, "user@host/fix", "sha1", sha1hex}},
		{Git, "sha1:" + sha1hex, Revision{Git, "", "sha1", sha1hex}},
		{Git, "main@sha256:" + sha256hex, Revision{Git, "main", "sha256", sha256hex}},
		{"", "main@sha1:" + sha1hex, Revision{Git, "main", "sha1", sha1hex}},
		// Git, as Flux wrote it before.
		{Git, "main/" + sha1hex, Revision{Git, "main", "sha1", sha1hex}},
		{Git, "feature/x/" + sha1hex, Revision{Git, "feature/x", "sha1", sha1hex}},
		{Git, "HEAD/" + sha1hex, Revision{Git, "HEAD", "sha1", sha1hex}},
		{Git, "v1.2.3/" + sha1hex, Revision{Git, "v1.2.3", "sha1", sha1hex}},
		{"", "main/" + sha1hex, Revision{Git, "main", "sha1", sha1hex}},
		// Git, as Argo CD writes it.
		{Git, sha1hex, Revision{Git, "", "sha1", sha1hex}},
		{Git, sha256hex, Revision{Git, "", "sha256", sha256hex}},
		{Git, strings.ToUpper(sha256hex), Revision{Git, "", "sha256", sha256hex}},
		{"", sha1hex, Revision{Git, "", "sha1", sha1hex}},
		// What 64 digits are of, only the source knows.
		{"", "latest@sha256:" + sha256hex, Revision{"", "latest", "sha256", sha256hex}},
		{"", sha256hex, Revision{"", "", "sha256", sha256hex}},
		{OCI, "latest@sha256:" + sha256hex, Revision{OCI, "latest", "sha256", sha256hex}},
		{OCI, "6.1.6@sha256:" + sha256hex, Revision{OCI, "6.1.6", "sha256", sha256hex}},
		{OCI, "sha256:" + sha256hex, Revision{OCI, "", "sha256", sha256hex}},
		{OCI, "latest/" + sha256hex, Revision{OCI, "latest", "sha256", sha256hex}},
		{OCI, "latest@sha512:" + sha256hex + sha256hex, Revision{OCI, "latest", "sha512", sha256hex + sha256hex}},
		{Bucket, "sha256:" + sha256hex, Revision{Bucket, "", "sha256", sha256hex}},
		{Bucket, sha256hex, Revision{Bucket, "", "sha256", sha256hex}},
		// Charts.
		{Chart, "6.6.1", Revision{Chart, "", "", "6.6.1"}},
		{Chart, "v6.6.1-rc.1", Revision{Chart, "", "", "v6.6.1-rc.1"}},
		{Chart, "6.6.1+0123456789ab", Revision{Chart, "", "", "6.6.1+0123456789ab"}},
		{Chart, "6.6.1@sha256:" + sha256hex, Revision{Chart, "6.6.1", "sha256", sha256hex}},
		{"", "6.6.1+0123456789ab", Revision{Chart, "", "", "6.6.1+0123456789ab"}},
	} {
		got, err := ParseRevision(c.kind, c.in)
		if err != nil || got != c.want {
			t.Errorf("ParseRevision(%q, %q) = %+v, %v; want %+v", c.kind, c.in, got, err, c.want)
		}
	}
}

func TestParseRevisionRefuses(t *testing.T) {
	for _, c := range []struct{ kind, in string }{
		{"", ""},
		{Git, ""},
		{Git, "main"},
		{Git, "main@sha1:"},
		{Git, "main@sha1:" + sha1hex[1:]},
		{Git, "main@sha1:" + sha1hex + "0"},
		{Git, "main@sha1:" + sha1hex[1:] + "g"},
		{Git, "@sha1:" + sha1hex},
		{Git, "/" + sha1hex},
		{Git, "main@md5:d41d8cd98f00b204e9800998ecf8427e"},
		{Git, "main@sha512:" + sha256hex + sha256hex},
		{Git, "1.2.3"},
		{Git, "abc1234"},
		{Git, "ma in@sha1:" + sha1hex},
		{Git, "main\n@sha1:" + sha1hex},
		{Git, "\xff@sha1:" + sha1hex},
		{OCI, "latest"},
		{OCI, "1.2.3"},
		{Chart, "latest"},
		{Chart, "1.2"},
		{"", strings.Repeat("a", maxRevision) + "@sha1:" + sha1hex},
	} {
		if got, err := ParseRevision(c.kind, c.in); err == nil {
			t.Errorf("ParseRevision(%q, %q) = %+v, want an error", c.kind, c.in, got)
		}
	}
}

func TestRevisionSpeaksOfCommitsAndBuilds(t *testing.T) {
	for _, c := range []struct{ kind, in, commit, build string }{
		{Git, "main@sha1:" + sha1hex, sha1hex, ""},
		{OCI, "latest@sha256:" + sha256hex, "", ""},
		{Bucket, "sha256:" + sha256hex, "", ""},
		{"", "sha256:" + sha256hex, "", ""},
		{Chart, "6.6.1+0123456789ab", "", "0123456789ab"},
		{Chart, "6.6.1+build.7", "", ""},
	} {
		r, err := ParseRevision(c.kind, c.in)
		if err != nil || r.Commit() != c.commit || r.Build() != c.build {
			t.Errorf("%q of %q: commit %q, build %q, %v; want %q and %q", c.in, c.kind, r.Commit(), r.Build(), err, c.commit, c.build)
		}
	}
}

// Whatever is accepted has a value that may be compared, and reads back as the same.
func FuzzParseRevision(f *testing.F) {
	for _, s := range []string{"main@sha1:" + sha1hex, "a/b@c/" + sha1hex, "latest@sha256:" + sha256hex, sha256hex, "6.6.1+0123456789ab", "v1.0.0", "@:", "sha1:", "@sha1:" + sha1hex} {
		for _, kind := range []string{"", Git, OCI, Chart, Bucket} {
			f.Add(kind, s)
		}
	}
	f.Fuzz(func(t *testing.T, kind, s string) {
		r, err := ParseRevision(kind, s)
		if err != nil {
			return
		}
		if r.Value == "" || kind != "" && r.Kind != kind {
			t.Errorf("%q of %q was taken as %+v", s, kind, r)
		}
		again, err := ParseRevision(kind, r.String())
		if err != nil || again != r {
			t.Errorf("%q of %q is %+v, written %q, read back %+v, %v", s, kind, r, r.String(), again, err)
		}
	})
}

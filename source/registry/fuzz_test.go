package registry

import (
	"net/http"
	"strings"
	"testing"
)

func FuzzChallenge(f *testing.F) {
	for _, seed := range []string{`Bearer realm="https://auth.example.com/token",service="x",scope="repository:a/b:pull,push"`, `Basic realm="x", Negotiate abc`,
		`Bearer realm="a\"b", error=x`, `=`, `Bearer realm=`, `"`, `Bearer realm="`, ",,,", "Negotiate YWJj=="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		c := readChallenge(http.Header{"Www-Authenticate": {header}})
		if c.scheme != "" && c.scheme != "basic" && c.scheme != "bearer" {
			t.Errorf("%q: scheme %q", header, c.scheme)
		}
		if len(c.realm)+len(c.service)+len(c.scope) > len(header) {
			t.Errorf("%q: more came out than went in: %+v", header, c)
		}
	})
}

func FuzzManifest(f *testing.F) {
	for _, seed := range []string{`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[]}`,
		`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"digest":"sha256:` + strings.Repeat("a", 64) + `"}]}`, `[]`, `{"manifests":null,"config":1}`} {
		f.Add(seed, "application/vnd.oci.image.manifest.v1+json")
	}
	f.Fuzz(func(t *testing.T, body, kind string) {
		m := &Manifest{Repository: "r.example.com/a"}
		err := m.read(answer{header: http.Header{"Content-Type": {kind}}, body: []byte(body)}, "1")
		if err == nil && (m.Image == nil) == (m.Index == nil) {
			t.Errorf("neither or both: %q", body)
		}
		if err == nil && m.Index != nil {
			firstImage(m.Index)
		}
	})
}

func FuzzConfig(f *testing.F) {
	for _, seed := range []string{`{"auths":{"https://index.docker.io/v1/":{"auth":"YTpi"}},"credHelpers":{"r.example.com":"gcloud"},"credsStore":"desktop"}`, `{"auths":[]}`, `{"auths":{"":{}}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		k := &Keys{logins: map[string]Login{}, helpers: map[string]string{}}
		if k.read("config.json", []byte(text)) != nil {
			return
		}
		for _, name := range k.helpers {
			if strings.ContainsAny(name, "/\\ \x00") {
				t.Errorf("helper %q", name)
			}
		}
		k.login("r.example.com", "a/b/c")
	})
}

// Several challenges, in one header or many: a token is better than a password.
func TestChallenges(t *testing.T) {
	for header, want := range map[string]challenge{
		`Basic realm="x", Bearer realm="https://a/token" , service=b`: {scheme: "bearer", realm: "https://a/token", service: "b"},
		`Negotiate abc, Basic realm="x"`:                              {scheme: "basic", realm: "x"},
		`bearer REALM="a\"b"`:                                         {scheme: "bearer", realm: `a"b`},
		`Digest realm="x"`:                                            {},
		`Bearer realm="` + strings.Repeat("x", maxChallenge) + `"`:    {},
	} {
		if got := readChallenge(http.Header{"Www-Authenticate": {header}}); got != want {
			t.Errorf("%s: %+v", header, got)
		}
	}
}

// Who may see the credentials of a registry.
func TestSameSite(t *testing.T) {
	for pair, want := range map[[2]string]bool{
		{"auth.docker.io", "index.docker.io"}:                 true,
		{"gitlab.com", "registry.gitlab.com"}:                 true,
		{"registry.example.com:5001", "registry.example.com"}: true,
		{"docker.io.evil.com", "index.docker.io"}:             false,
		{"a.github.io", "b.github.io"}:                        false,
		{"evil.co.uk", "good.co.uk"}:                          false,
		{"127.0.0.1:1", "127.0.0.1:2"}:                        true,
		{"10.0.0.1", "10.0.0.2"}:                              false,
		{"localhost", "127.0.0.1"}:                            false,
	} {
		if got := sameSite(pair[0], pair[1]); got != want {
			t.Errorf("%v: %v", pair, got)
		}
	}
}

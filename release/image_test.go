package release

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	digestA = "sha256:" + strings.Repeat("a1", 32)
	digestB = "sha256:" + strings.Repeat("b2", 32)
)

func TestParseImage(t *testing.T) {
	for in, want := range map[string]Image{
		"podinfo":       {Name: "podinfo"},
		"podinfo:6.1.0": {Name: "podinfo", Tag: "6.1.0"},
		"ghcr.io/stefanprodan/podinfo:6.1.0@" + digestA: {Name: "ghcr.io/stefanprodan/podinfo", Tag: "6.1.0", Digest: digestA},
		"ghcr.io/stefanprodan/podinfo@" + digestA:       {Name: "ghcr.io/stefanprodan/podinfo", Digest: digestA},
		"localhost:5000/web:1.10":                       {Name: "localhost:5000/web", Tag: "1.10"},
		"localhost:5000/web":                            {Name: "localhost:5000/web"},
		"[::1]:5000/team/web:12e4567":                   {Name: "[::1]:5000/team/web", Tag: "12e4567"},
		"web=ghcr.io/acme/web:1@" + digestA:             {Name: "web", Repository: "ghcr.io/acme/web", Tag: "1", Digest: digestA},
		"nginx=nginx:1.29":                              {Name: "nginx", Tag: "1.29"},
		"a/b_c/d__e/f-g.h:_x":                           {Name: "a/b_c/d__e/f-g.h", Tag: "_x"},
	} {
		got, err := ParseImage(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", in, d)
		}
	}
}

func TestParseImageRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"":                                     "empty",
		"web=":                                 "empty",
		"=web:1":                               "empty",
		"Web:1":                                "upper-case letters",
		"GHCR.io/acme/web":                     "upper-case letters",
		"web:":                                 "bad tag",
		"web:-1":                               "bad tag",
		"web:1@sha256:abc":                     `image "web:1" has a bad digest`,
		"web@" + strings.ToUpper(digestA):      "bad digest",
		"web@md5:" + strings.Repeat("a", 32):   "bad digest",
		"web@sha512:" + strings.Repeat("a", 8): "bad digest",
		"https://ghcr.io/acme/web":             "starts with a scheme",
		"oci://ghcr.io/acme/web":               "starts with a scheme",
		"acme//web":                            "not valid",
		"-web":                                 "not valid",
		"a..b/web":                             "its registry is no host name",
		"web 1":                                "not valid",
		"web\n":                                "not valid",
		"../web":                               "its registry is no host name",
		"a/../web":                             "not valid",
		"a=b=c":                                "not valid",
		strings.Repeat("a", 256):               "1 to 255 characters",
		strings.Repeat("a", 2000):              "longer than 1024",
		"web:" + strings.Repeat("a", 129):      "bad tag",
		"ghcr.io:https/web":                    "its registry is no host name",
	} {
		_, err := ParseImage(in)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", in, err, want)
		}
	}
}

func TestParseImageKeepsCredentialsToItself(t *testing.T) {
	for _, in := range []string{
		"ada:hunter2@ghcr.io/acme/web", "https://ada:hunter2@ghcr.io/acme/web:1@" + digestA, "ada:hunter2@ghcr.io",
		"web=ada:hunter2@ghcr.io/acme/web", "ada:hunter2@ghcr.io/acme=web", "ada:hunter2@x@" + digestA,
	} {
		_, err := ParseImage(in)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v", in, err)
		}
	}
}

func TestSameImage(t *testing.T) {
	same := [][2]string{
		{"nginx", "docker.io/library/nginx"},
		{"nginx", "index.docker.io/library/nginx"},
		{"docker.io/nginx", "library/nginx"},
		{"stefanprodan/podinfo", "docker.io/stefanprodan/podinfo"},
		{"localhost:5000/web", "localhost:5000/web"},
	}
	for _, pair := range same {
		if !SameImage(pair[0], pair[1]) {
			t.Errorf("%s and %s are one image", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{
		{"nginx", "ghcr.io/library/nginx"}, {"nginx", "acme/nginx"}, {"localhost:5000/web", "localhost:5001/web"}, {"localhost/web", "docker.io/localhost/web2"},
	} {
		if SameImage(pair[0], pair[1]) {
			t.Errorf("%s and %s are not one image", pair[0], pair[1])
		}
	}
}

func FuzzParseImage(f *testing.F) {
	for _, s := range []string{"web", "web:1.10", "ghcr.io/a/web:1@" + digestA, "web=localhost:5000/web@" + digestB, "a:b@c", "[::1]:1/x", "x@sha256:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		image, err := ParseImage(s)
		if err != nil {
			return
		}
		if ps := checkImage(image); len(ps) > 0 {
			t.Fatalf("%q gives an image that is not valid: %v", s, ps)
		}
		again, err := ParseImage(image.Name + "=" + image.Reference())
		if err != nil || again != image {
			t.Fatalf("%q reads as %+v, written and read again as %+v, %v", s, image, again, err)
		}
		if !SameImage(image.Name, fullName(image.Name)) {
			t.Fatalf("%q is not the same as its full name %q", image.Name, fullName(image.Name))
		}
	})
}

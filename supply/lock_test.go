package supply

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const digestA = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func sample() Lock {
	return Lock{Needs: []Locked{
		{In: "Chart.yaml", Asks: "redis ^1.0.0 from https://charts.example.com", Version: "1.10", Digest: digestA},
		{In: "a: b/kustomization.yaml", Asks: "https://github.com/acme/base//k?ref=v1 #x", Commit: strings.Repeat("0123456789", 4)},
	}}
}

func TestLockRoundTrip(t *testing.T) {
	data, err := sample().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseLock(LockName, data)
	if d := cmp.Diff(sample(), got); err != nil || d != "" {
		t.Errorf("%v\n%s\n%s", err, d, data)
	}
	if empty, err := (Lock{}).Marshal(); err != nil {
		t.Error(err)
	} else if got, err := ParseLock(LockName, empty); err != nil || len(got.Needs) > 0 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestParseLockRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"":                                       "ferry.lock: it is empty",
		"a: [":                                   "ferry.lock: line 1",
		"- a":                                    "ferry.lock:1:1: the lock must be a mapping",
		"needs: []":                              "ferry.lock:1:1: the lock has no version",
		"version: 2":                             `ferry.lock:1:10: version "2" is not known`,
		"version: 1\nneed: []":                   `ferry.lock:2:1: the lock has an unknown key "need"`,
		"version: 1\nneeds: x":                   "ferry.lock:2:8: needs must be a list",
		"version: 1\nneeds:\n- {in: a, asks: b}": "ferry.lock:3:3: the need must have a digest or a commit",
		"version: 1\nneeds:\n- {in: a, digest: x}":                                                   `"x" is no digest`,
		"version: 1\nneeds:\n- {in: a, asks: b, commit: main}":                                       `"main" is no full commit id`,
		"version: 1\nneeds:\n- {in: a, in: b, asks: c, extra: 1, digest: " + digestA + "}":           `the need has "in" twice`,
		"version: 1\nneeds:\n- &a {in: a, asks: b, digest: " + digestA + "}\n- *a":                   "the need must be a mapping",
		"version: 1\nneeds:\n- {in: a, asks: [b], digest: " + digestA + "}":                          "asks must be a text",
		"version: 1\nneeds:\n- {in: a, asks: b, digest: " + digestA + ", commit: x}":                 "one of the two",
		strings.Repeat("#", maxLock+1):                                                               "more than 4194304 bytes",
		"version: 1\nneeds:\n" + strings.Repeat("- {in: a, asks: b, digest: "+digestA+"}\n", 2) + "": `a asks for "b" twice`,
		"version: 2\nneeds:\n- {in: a, asks: b, digest: md5:x}\nmore: 1":                             `unknown key "more"`,
	} {
		_, err := ParseLock(LockName, []byte(in))
		var lock *LockError
		if !errors.As(err, &lock) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q\ngot  %v\nwant %s", in, err, want)
		}
	}
	if _, err := ParseLock(LockName, []byte("version: 2\nmore: 1\nneeds: [{in: a}]\n")); err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("not all at once: %v", err)
	}
}

func FuzzParseLock(f *testing.F) {
	data, err := sample().Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("version: 1\nneeds: [{in: a, asks: b, digest: " + digestA + "}]\n"))
	f.Add([]byte("? [a]\n: b\n<<: {version: 1}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		lock, err := ParseLock("x", data)
		if err != nil {
			return
		}
		again, err := lock.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ParseLock("x", again); err != nil || len(back.Needs) != len(lock.Needs) {
			t.Fatalf("%v\n%s", err, again)
		}
	})
}

package hooks

import (
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/ferry-cd/ferry/door"
)

// Whatever a body holds, it is an event with names that an object could have, or none.
func FuzzEvents(f *testing.F) {
	for _, file := range []string{"flux-direct.jsonl", "flux-notification-controller.jsonl"} {
		for _, r := range recorded(f, file) {
			f.Add([]byte(r.B))
		}
	}
	f.Add([]byte(`{"kind":"Application","metadata":{"name":"shop","namespace":"argocd"},"timestamp":"2026-11-21T12:00:00Z"}`))
	f.Add([]byte(`{"commitid":"abc","phase":"Running","resources":[]}`))
	f.Add([]byte(`{"commitid": "` + strings.Repeat("b", 40) + `", "phase": "Failed", "message": "it is "x"", "resources": [{"kind":"Service","namespace":"a","name":"b"}]}`))
	f.Add([]byte(`{"involvedObject":{"KIND":"Kustomization","name":"a","NAME":"\u0000"},"timestamp":"9999-12-31T23:59:59Z"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, read := range []func([]byte) (Event, bool){readFlux, readArgo, readEither} {
			e, ok := read(body)
			if !ok {
				continue
			}
			for _, s := range []string{e.Kind, e.Namespace, e.Name, e.Reason, e.Revision, e.Commit, e.Part.Group, e.Part.Kind, e.Part.Namespace, e.Part.Name} {
				if len(s) > 600 || strings.ContainsFunc(s, unicode.IsControl) {
					t.Fatalf("%q in %+v", s, e)
				}
			}
			if e.Kind == "" || e.Name == "" && e.Source != "gitops-connector" {
				t.Fatalf("an event of nothing: %+v", e)
			}
			if e.Commit != "" && !commit().MatchString(e.Commit) || e.Part != (Part{}) && !e.Part.named() {
				t.Fatalf("what nothing is named: %+v", e)
			}
		}
	})
}

// One changed bit of body or signature is another body or signature.
func FuzzSignature(f *testing.F) {
	body := event("prod", time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC))
	f.Add(body, sign("sha256", "a-signing-key", body), uint16(7))
	f.Add("{}", sign("sha512", "a-signing-key", "{}"), uint16(3))
	f.Add("", "sha256=", uint16(0))
	f.Add("", "=", uint16(0))
	key := []door.Token{door.NewToken("a-signing-key")}
	f.Fuzz(func(t *testing.T, body, signature string, bit uint16) {
		name, _, _ := strings.Cut(signature, "=")
		right := name == "sha256" || name == "sha384" || name == "sha512"
		right = right && strings.EqualFold(signature, sign(name, "a-signing-key", body))
		if signed(key, signature, []byte(body)) != right {
			t.Fatalf("%q of %q: %v", signature, body, !right)
		}
		if len(body) == 0 {
			return
		}
		mutated := []byte(body)
		mutated[int(bit/8)%len(mutated)] ^= 1 << (bit % 8)
		if signed(key, sign("sha256", "a-signing-key", body), mutated) {
			t.Fatal("a changed body passed")
		}
	})
}

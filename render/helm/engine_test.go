package helm

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/render"
)

// TestEveryFunctionIsCompared makes sure that a case, and so the comparison with the CLI, calls each function there is.
func TestEveryFunctionIsCompared(t *testing.T) {
	var cases strings.Builder
	names, _ := filepath.Glob("testdata/cases/*.txtar")
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		cases.Write(data)
	}
	called := map[string]bool{}
	for _, word := range strings.FieldsFunc(cases.String(), func(r rune) bool { return !strings.ContainsRune(letters+digits+"_", r) }) {
		called[word] = true
	}
	called["buildCustomCert"] = true // wants a private key, which has no place in a repository
	world := firstWorld()
	chance := world.functions(library())
	for name := range (&engine{budget: &budget{ctx: context.Background()}, entropy: world}).functions() {
		if _, random := chance[name]; !called[name] && !random && name[0] != '_' && name != "now" && name != "ago" {
			t.Errorf("no case calls %s", name)
		}
	}
}

// chartOf is a chart with one template.
func chartOf(text string) render.Request {
	return render.Request{Dir: "chart", Kubernetes: render.Kubernetes{Version: "1.34"}, Files: render.Files{
		"chart/Chart.yaml":       []byte("apiVersion: v2\nname: chart\nversion: 1.0.0\n"),
		"chart/templates/a.yaml": []byte(text),
	}}
}

// TestChanceIsRefused renders what depends on chance or on the time of day, and names it.
func TestChanceIsRefused(t *testing.T) {
	for call, function := range map[string]string{
		`{{ randAlphaNum 8 }}`: "randAlphaNum", `{{ randAlpha 8 }}`: "randAlpha", `{{ randNumeric 8 }}`: "randNumeric",
		`{{ randAscii 12 | quote }}`: "randAscii", `{{ randInt 0 1000000 }}`: "randInt", `{{ randBytes 9 }}`: "randBytes",
		`{{ shuffle "abcdefghijkl" }}`: "shuffle", `{{ uuidv4 }}`: "uuidv4", `{{ now | quote }}`: "now", `{{ now | unixEpoch }}`: "now",
		`{{ date "2006" "not a date" }}`: "date", `{{ dateInZone "15:04:05" nil "UTC" | quote }}`: "dateInZone", `{{ htmlDate "" }}`: "htmlDate",
		`{{ ago (toDate "2006" "2020") }}`: "ago", `{{ durationRound (toDate "2006" "2020") }}`: "durationRound",
		`{{ bcrypt "x" | quote }}`: "bcrypt", `{{ htpasswd "a" "b" | quote }}`: "htpasswd", `{{ encryptAES "0123456789abcdef" "x" }}`: "encryptAES",
		`{{ genPrivateKey "ed25519" | quote }}`: "genPrivateKey", `{{ (genCA "x" 1).Cert | b64enc }}`: "genCA",
		`{{ $ca := genCA "x" 1 }}{{ (genSignedCert "y" nil nil 1 $ca).Key | b64enc }}`: "genSignedCert",
		`{{ (genSelfSignedCert "y" nil nil 1).Key | b64enc }}`:                         "genSelfSignedCert",
	} {
		t.Run(function, func(t *testing.T) {
			t.Parallel()
			_, err := New().Render(context.Background(), chartOf("kind: ConfigMap\ndata: {a: "+call+"}\n"))
			var random *RandomError
			if !errors.As(err, &random) || random.Template != "chart/templates/a.yaml" || !slices.Contains(random.Functions, function) || random.ExitCode() != 3 {
				t.Errorf("got %#v (%v)", err, err)
			}
		})
	}
}

// TestAddressesAreRefused prints values that are pointers, which Helm does with their addresses.
func TestAddressesAreRefused(t *testing.T) {
	for text, refused := range map[string]bool{
		`a: {{ .Chart.Maintainers | quote }}`: true, `a: {{ printf "%v" .Chart.Maintainers | quote }}`: true, `a: {{ toString .Chart.Maintainers | quote }}`: true,
		`a: {{ print .Chart.Maintainers | quote }}`: true, `a: {{ printf "%p" .Values | quote }}`: true,
		`a: {{ range .Chart.Maintainers }}{{ .Name }}{{ end }}`: false, `a: {{ toYaml .Chart.Maintainers | quote }}`: false,
		`a: "0xdeadbeef00"`: false, `a: {{ printf "0x%x" 123456789 | quote }}`: false, `a: {{ len (print .Chart.Maintainers) | lt 3 }}`: false,
	} {
		for _, seed := range []string{"", "release"} {
			r := chartOf(text + "\n")
			r.Seed = seed
			r.Files["chart/Chart.yaml"] = append(slices.Clone(r.Files["chart/Chart.yaml"]), "\nmaintainers: [{name: ann}, {name: bob}]\n"...)
			_, err := New().Render(context.Background(), r)
			var random *RandomError
			if got := errors.As(err, &random) && strings.Contains(err.Error(), addresses); got != refused || err != nil && !got {
				t.Errorf("%s, seed %q: got %v", text, seed, err)
			}
		}
	}
}

// TestChanceThatDoesNotMatter renders what asks for chance and does not show it.
func TestChanceThatDoesNotMatter(t *testing.T) {
	for name, text := range map[string]string{
		"unused":    `{{ $x := randAlphaNum 8 }}{{ $y := genPrivateKey "ed25519" }}a: {{ len $x }}`,
		"a default": `a: {{ default (uuidv4) "given" }}`,
		"a test":    "kind: Pod\nmetadata: {name: x-{{ randAlpha 5 }}, annotations: {helm.sh/hook: test}}\n---\nkind: A\n",
		"order":     `a: {{ keys (dict "c" 1 "a" 2 "d" 3 "b" 4) | join "," }} {{ values (dict "c" 1 "a" 2 "d" 3 "b" 4) | join "," }}`,
	} {
		t.Run(name, func(t *testing.T) {
			first, err := New().Render(context.Background(), chartOf(text))
			if err != nil {
				t.Fatal(err)
			}
			for range 20 {
				if again, err := New().Render(context.Background(), chartOf(text)); err != nil || string(again.Raw) != string(first.Raw) {
					t.Fatalf("%v, or other bytes:\n%s\n%s", err, first.Raw, again.Raw)
				}
			}
		})
	}
}

// TestOrderOfSubcharts renders charts that Chart.yaml does not name, which Helm takes in the order of a map.
func TestOrderOfSubcharts(t *testing.T) {
	r := chartOf("a: b\n")
	r.IncludeCRDs = true
	for _, name := range []string{"one", "two", "three", "four", "five"} {
		for _, copied := range []string{"", "-copy"} {
			r.Files["chart/charts/"+name+copied+"/Chart.yaml"] = []byte("name: " + name + "\nversion: 1.0.0\n")
			r.Files["chart/charts/"+name+copied+"/crds/crd.yaml"] = []byte("kind: " + name + copied + "\n")
		}
	}
	var first []byte
	for range 20 {
		out, err := New().Render(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = out.Raw
		}
		if string(out.Raw) != string(first) {
			t.Fatalf("another order:\n%s\n%s", first, out.Raw)
		}
	}
}

// TestRandomFailure is a chart that fails with some results of chance only.
func TestRandomFailure(t *testing.T) {
	r := chartOf(`a: {{ if gt (now | date "2006" | atoi) 2100 }}{{ fail "the future" }}{{ end }}`)
	_, err := New().Render(context.Background(), r)
	var random *RandomError
	if !errors.As(err, &random) || !strings.Contains(err.Error(), "the future") || !slices.Equal(random.Functions, []string{"now"}) {
		t.Errorf("got %v", err)
	}
}

// TestTextOfTheSameShape makes up text as the library does: length, letters and form.
func TestTextOfTheSameShape(t *testing.T) {
	e := firstWorld()
	funcs := e.functions(library())
	for name, pattern := range map[string]string{"randAlpha": `^[a-zA-Z]{30}$`, "randNumeric": `^[0-9]{30}$`, "randAlphaNum": `^[a-zA-Z0-9]{30}$`, "randAscii": `^[ -~]{30}$`} {
		text := funcs[name].(func(int) string)(30)
		match := reflect.ValueOf(library()["regexMatch"]).Call([]reflect.Value{reflect.ValueOf(pattern), reflect.ValueOf(text)})
		if !match[0].Bool() {
			t.Errorf("%s made %q", name, text)
		}
	}
	if u := e.uuid(); len(u) != 36 || u[14] != '4' || !strings.ContainsRune("89ab", rune(u[19])) {
		t.Errorf("no version 4 UUID: %s", u)
	}
	if s := e.shuffle("aabbc"); len(s) != 5 || strings.Count(s, "a") != 2 {
		t.Errorf("no shuffle of aabbc: %s", s)
	}
}

// TestChanceThatFollowsFromARelease renders what strictly would be refused, the same each time and other with another seed.
func TestChanceThatFollowsFromARelease(t *testing.T) {
	const text = `a: {{ randAlphaNum 8 }}{{ uuidv4 }}{{ randInt 0 1000000 }}{{ shuffle "abcdefghijkl" }}{{ randBytes 9 }}
at: {{ now | date "2006-01-02" | quote }}
unused: {{ len (genPrivateKey "ed25519") }}
`
	r := chartOf(text)
	r.Seed, r.Release.Source.Time = "one", time.Date(2026, 11, 2, 23, 30, 0, 0, time.FixedZone("", -3600))
	first, err := New().Render(context.Background(), r)
	if err != nil || !strings.Contains(string(first.Raw), `at: "2026-11-03"`) {
		t.Fatalf("got %s, %v", first.Raw, err)
	}
	r.Files["chart/templates/0.yaml"] = []byte("b: {{ randAlphaNum 3 }}\n")
	more, err := New().Render(context.Background(), r)
	if err != nil || !strings.Contains(string(more.Raw), strings.TrimSpace(strings.TrimPrefix(string(first.Raw), "---\n"))) {
		t.Errorf("another template changes this one:\n%s\n%s, %v", first.Raw, more.Raw, err)
	}
	r.Seed = "two"
	other, err := New().Render(context.Background(), r)
	if err != nil || string(other.Raw) == string(more.Raw) {
		t.Errorf("another seed, the same bytes, %v", err)
	}
}

// TestSecretsAreNeverSeeded refuses keys, certificates and salted hashes whatever is asked for, and says where they show.
func TestSecretsAreNeverSeeded(t *testing.T) {
	for call, function := range map[string]string{
		`{{ bcrypt "x" | quote }}`: "bcrypt", `{{ htpasswd "a" "b" | quote }}`: "htpasswd", `{{ encryptAES "0123456789abcdef" "x" }}`: "encryptAES",
		`{{ genPrivateKey "ed25519" | quote }}`: "genPrivateKey", `{{ (genCA "x" 1).Cert | b64enc }}`: "genCA",
		`{{ (genSelfSignedCert "y" nil nil 1).Key | b64enc }}`: "genSelfSignedCert",
	} {
		r := chartOf("kind: ConfigMap\nmetadata: {name: made}\nlist: [{x: " + call + "}]\n# {{ randAlphaNum 8 }}\n")
		r.Seed = "one"
		_, err := New().Render(context.Background(), r)
		want := "chart in chart does not render to the same bytes twice: chart/templates/a.yaml: ConfigMap made: list[0].x depends on " + function
		var random *RandomError
		if !errors.As(err, &random) || err.Error() != want || strings.Contains(random.Hint(), "seeded") {
			t.Errorf("%s: got %v, want %s", function, err, want)
		}
	}
}

// TestSecondRender counts what is rendered again: nothing where nothing random is called.
func TestSecondRender(t *testing.T) {
	for _, c := range []struct {
		text  string
		again int
	}{{"a: b\n", 0}, {"a: {{ now | date \"2006\" | len }}\n", 1}, {"a: \"0xdeadbeef00\"\n", 0}, {"a: {{ printf \"0x%x\" 123456789 }}\n", 1}} {
		h, again := New(), 0
		h.second = func() *entropy { again++; return secondWorld() }
		if _, err := h.Render(context.Background(), chartOf(c.text)); err != nil || again != c.again {
			t.Errorf("%q was rendered again %d times, want %d; %v", c.text, again, c.again, err)
		}
	}
}

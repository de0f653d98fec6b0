package helm

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/render"
)

// TestLimits renders charts that would go on for ever or fill the memory. Each ends in a few seconds with an error that
// names the limit, below 512 MB.
func TestLimits(t *testing.T) {
	grow := func(how string) string {
		return `{{ $x := list "0123456789" }}{{ range until 60 }}{{ $x = ` + how + ` }}{{ end }}a: {{ len $x }}`
	}
	double := func(how string) string {
		return `{{ $x := "0123456789" }}{{ range until 60 }}{{ $x = ` + how + ` }}{{ end }}a: {{ $x }}`
	}
	nest := `{{ $x := dict "a" 1 }}{{ range until 60 }}{{ $x = dict "l" $x "r" $x }}{{ end }}`
	circle := `{{ $x := dict "a" 1 }}{{ $_ := set $x "self" $x }}`
	calls := func(call string) string {
		var b strings.Builder
		for i := range 60 {
			fmt.Fprintf(&b, `{{ define "t%d" }}%s%s{{ end }}`, i, fmt.Sprintf(call, i+1), fmt.Sprintf(call, i+1))
		}
		return b.String() + `{{ define "t60" }}{{ end }}a: {{ include "t0" . }}`
	}
	for name, text := range map[string]string{
		"tpl in a circle":             `{{ define "x" }}{{ tpl "{{ include \"x\" . }}" . }}{{ end }}a: {{ include "x" . }}`,
		"tpl of itself":               `a: {{ tpl "{{ tpl .text . }}" (dict "text" "{{ tpl .text . }}") }}`,
		"until a thousand million":    `{{ range until 1000000000 }}{{ end }}`,
		"untilStep":                   `{{ range untilStep 0 2000000000 1 }}{{ end }}`,
		"seq":                         `a: {{ seq 2000000000 }}`,
		"range of a number":           `{{ range 2000000000 }}{{ range 2000000000 }}{{ end }}{{ end }}`,
		"range in range":              `{{ range until 100000 }}{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}{{ end }}`,
		"includes that fan out":       calls(`{{ include "t%d" . }}`),
		"templates that fan out":      calls(`{{ template "t%d" . }}`),
		"output":                      `{{ range until 1000000 }}{{ repeat 100 "0123456789" }}{{ end }}`,
		"repeat":                      `a: {{ repeat 2000000000 "ab" }}`,
		"indent":                      `a: {{ indent 100000000 "a" }}`,
		"nindent of many lines":       `a: {{ repeat 100000 "\n" | nindent 100000 }}`,
		"replace":                     `{{ $x := repeat 100000 "a" }}a: {{ replace "a" $x $x }}`,
		"replace by pattern":          `{{ $x := repeat 100000 "a" }}a: {{ regexReplaceAll "a" $x $x }}`,
		"join":                        `a: {{ until 1000000 | join (repeat 10000 "a") }}`,
		"wrap":                        `a: {{ wrapWith 1 (repeat 10000 "b") (repeat 100000 "a ") }}`,
		"random text":                 `a: {{ randAlphaNum 2000000000 }}`,
		"print":                       double(`print $x $x`),
		"printf":                      double(`printf "%s%s" $x $x`),
		"cat":                         double(`cat $x $x`),
		"quote":                       double(`quote $x $x`),
		"include":                     `{{ define "d" }}{{ . }}{{ . }}{{ end }}` + double(`include "d" $x`),
		"tpl":                         double(`tpl "{{ . }}{{ . }}" $x`),
		"join of two":                 double(`list $x $x | join ""`),
		"html":                        double(`html $x "<<<<" $x`),
		"concat":                      grow(`concat $x $x`),
		"append a large text":         `{{ $x := list }}{{ $t := repeat 1000000 "0123456789" }}{{ range until 1000 }}{{ $x = append $x (print $t .) }}{{ end }}`,
		"keep files":                  `{{ $x := list }}{{ range until 1000 }}{{ $x = append $x ($.Files.Get "big.txt") }}{{ end }}`,
		"keep lines":                  `{{ $x := list }}{{ range until 1000 }}{{ $t := $.Files.AsConfig }}{{ $x = append $x $t }}{{ end }}`,
		"keep in a recursion":         `{{ define "r" }}{{ $f := .Files.Get "big.txt" }}{{ if lt (int .n) 900 }}{{ include "r" (dict "Files" .Files "n" (add1 .n)) }}{{ end }}{{ len $f }}{{ end }}a: {{ include "r" (dict "Files" .Files "n" 0) }}`,
		"parse":                       `a: {{ repeat 3000000 "- a\n" | fromYamlArray | len }}`,
		"split":                       `a: {{ repeat 3000000 "abcdefghij" | splitList "" | len }}`,
		"print a nest":                nest + `a: {{ $x }}`,
		"nest to YAML":                nest + `a: {{ toYaml $x | len }}`,
		"nest to JSON":                nest + `a: {{ toJson $x | len }}`,
		"nest to text":                nest + `a: {{ toString $x | len }}`,
		"nest to a number":            nest + `a: {{ int $x }}`,
		"nest printed":                nest + `a: {{ printf "%v" $x | len }}`,
		"nest cut out of values":      nest + `{{ $_ := set .Values "x" $x }}a: {{ .Values.YAML.foo }}`,
		"printf of one value":         `{{ $x := repeat 3000000 "0123456789" }}a: {{ printf (repeat 60 "%[1]s") $x | len }}`,
		"printf of one width":         `a: {{ printf (repeat 3000 "%1000000[1]d") 1 | len }}`,
		"printf of a given width":     `a: {{ printf (repeat 3000 "%[1]*[1]d") 1000000 | len }}`,
		"print of many":               `{{ $x := repeat 3000000 "0123456789" }}a: {{ print ` + strings.Repeat("$x ", 60) + `| len }}`,
		"variables":                   `{{ define "r" }}` + strings.Repeat(`{{ $x := "1" }}`, 1000) + `{{ template "r" . }}{{ end }}a: {{ template "r" . }}`,
		"blocks in blocks":            strings.Repeat(`{{ if true }}`, 200_000) + `a: b` + strings.Repeat(`{{ end }}`, 200_000),
		"else if":                     `{{ if false }}` + strings.Repeat(`{{ else if false }}`, 100_000) + `{{ end }}a: b`,
		"blocks given to tpl":         `{{ $t := print (repeat 1000000 "{{if 1}}") (repeat 1000000 "{{end}}") }}a: {{ tpl $t "" }}`,
		"short actions given to tpl":  `{{ $t := repeat 900000 "{{.}}" }}a: {{ tpl $t "" | len }}`,
		"a long action given to tpl":  `{{ $t := print "{{ list" (repeat 3000000 " 1") "}}" }}a: {{ tpl $t "" | len }}`,
		"texts in texts given to tpl": `{{ $t := print "{{ list" (repeat 500000 " 1") " | len }}{{ tpl . . }}" }}a: {{ tpl $t $t }}`,
		"nest copied":                 nest + `a: {{ deepCopy $x | len }}`,
		"nest as a key":               nest + `a: {{ dict $x 1 | len }}`,
		"nest in values":              nest + `{{ $_ := set .Values "x" $x }}a: {{ .Values.YAML | len }}`,
		"circle to YAML":              circle + `a: {{ toYaml $x }}`,
		"print a circle":              circle + `a: {{ $x }}`,
		"circle joined":               circle + `a: {{ join "," (list $x) }}`,
		"circle merged":               circle + `a: {{ merge (dict) $x | len }}`,
		"a million documents":         `{{ range until 200000 }}{{ "---\na: b\n" }}{{ end }}`,
	} {
		t.Run(name, func(t *testing.T) {
			r := chartOf(text)
			r.Files["chart/big.txt"] = bytes.Repeat([]byte("0123456789"), 400_000)
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			heap := watchHeap(t)
			running := runtime.NumGoroutine()
			began := time.Now()
			_, err := New().Render(ctx, r)
			spent := time.Since(began)
			var limit *LimitError
			if !errors.As(err, &limit) {
				t.Errorf("not stopped by a limit: %v", err)
			}
			if strings.HasPrefix(name, "tpl ") && !strings.Contains(err.Error(), "tpl calls itself") {
				t.Errorf("not the limit of tpl: %v", err)
			}
			if peak := heap() >> 20; peak > 512 {
				t.Errorf("%d MB in use", peak)
			}
			for range 1000 { // nothing may go on after the error; the race detector makes the last step slow
				if runtime.NumGoroutine() < running {
					break
				}
				time.Sleep(20 * time.Millisecond)
			}
			if n := runtime.NumGoroutine(); n >= running {
				t.Errorf("%d goroutines were running before and %d are after", running-1, n)
			}
			if spent > 5*time.Second {
				t.Errorf("took %s", spent)
			}
		})
	}
}

// watchHeap looks at what is in use until it is asked for the most it saw, with a collector that leaves little garbage.
func watchHeap(t *testing.T) func() uint64 {
	t.Helper()
	runtime.GC()
	old := debug.SetGCPercent(50)
	t.Cleanup(func() { debug.SetGCPercent(old) })
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	done, peak := make(chan struct{}), make(chan uint64)
	go func() {
		most := uint64(0)
		for {
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapInuse+now.StackInuse)
			select {
			case <-done:
				peak <- most - min(most, before.HeapInuse+before.StackInuse)
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() uint64 { close(done); return <-peak }
}

// TestEqualityOfEndlessValues compares what cannot be printed; nothing may try to.
func TestEqualityOfEndlessValues(t *testing.T) {
	circle := `{{ $x := dict "a" 1 }}{{ $_ := set $x "self" $x }}{{ $y := dict "a" 1 }}{{ $_ := set $y "self" $y }}`
	if _, err := New().Render(context.Background(), chartOf(circle+`a: {{ eq $x $y }}`)); err == nil || !strings.Contains(err.Error(), "non-comparable") {
		t.Errorf("got %v", err)
	}
	out, err := New().Render(context.Background(), chartOf(circle+`a: {{ deepEqual $x $y }} {{ has $x (list $y) }} {{ list $x $y | uniq | len }}`))
	if err != nil || !strings.Contains(string(out.Raw), "a: true true 1") {
		t.Errorf("got %s, %v", out.Raw, err)
	}
}

// TestNothingReachesARender puts canaries where a chart could look: the network, files, the environment, the clock's zone.
func TestNothingReachesARender(t *testing.T) {
	var hits atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { hits.Add(1); fmt.Fprint(w, `{}`) }))
	defer server.Close()
	secret := filepath.Join(t.TempDir(), "secret.json")
	if err := os.WriteFile(secret, []byte(`{"canary": true}`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CANARY", "canary")
	for name, schema := range map[string]string{
		"schema over http":    `{"$ref": "URL/x.json"}`,
		"nested over http":    `{"properties": {"a": {"items": {"$ref": "URL/x.json#/a"}}}}`,
		"schema of a schema":  `{"$schema": "URL/meta.json"}`,
		"schema from a file":  `{"$ref": "file://FILE"}`,
		"relative to a file":  `{"$ref": "../../..FILE"}`,
		"relative to an id":   `{"$id": "URL/base.json", "$ref": "other.json"}`,
		"dynamic reference":   `{"$dynamicRef": "URL/x.json#a"}`,
		"an unknown protocol": `{"$ref": "ftp://127.0.0.1/x"}`,
	} {
		t.Run(name, func(t *testing.T) {
			r := chartOf("a: b\n")
			r.Files["chart/values.schema.json"] = []byte(strings.NewReplacer("URL", server.URL, "FILE", secret).Replace(schema))
			_, err := New().Render(context.Background(), r)
			var mistake *SchemaError
			if !errors.As(err, &mistake) || strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), "chart/values.schema.json") {
				t.Errorf("got %v", err)
			}
			if mistake != nil && mistake.Hint() == "" {
				t.Error("no next step")
			}
		})
	}
	out, err := New().Render(context.Background(), chartOf(`host: {{ getHostByName "localhost" | quote }}
lookup: {{ lookup "v1" "Secret" "a" "b" | toJson }}
up: {{ .Files.Get "../../../../../../../../../../etc/hostname" | quote }}
`))
	if err != nil || !strings.Contains(string(out.Raw), "host: \"\"\nlookup: {}\nup: \"\"") {
		t.Errorf("got %s, %v", out.Raw, err)
	}
	for _, call := range []string{`env "CANARY"`, `expandenv "$CANARY"`, `readFile "x"`, `exec "ls"`} {
		if _, err := New().Render(context.Background(), chartOf("a: {{ "+call+" }}")); err == nil || !strings.Contains(err.Error(), "not defined") {
			t.Errorf("%s: %v", call, err)
		}
	}
	if n := hits.Load(); n != 0 {
		t.Errorf("the server was called %d times", n)
	}
}

// TestZoneOfTheMachine renders the same under any time zone.
func TestZoneOfTheMachine(t *testing.T) {
	local := time.Local
	defer func() { time.Local = local }()
	r := chartOf(`a: {{ date "2006-01-02 15:04 MST" 1580000000 }} {{ toDate "2006-01-02" "2020-06-01" | unixEpoch }} {{ htmlDate 1580000000 }} {{ toDate "2006-01-02" "2020-06-01" }}`)
	var first []byte
	for _, zone := range []*time.Location{time.UTC, time.FixedZone("far", 13*3600), time.FixedZone("west", -11*3600)} {
		time.Local = zone
		out, err := New().Render(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = out.Raw
		}
		if !bytes.Equal(out.Raw, first) {
			t.Errorf("in %s:\n%s\nelsewhere:\n%s", zone, out.Raw, first)
		}
	}
}

// TestArchives hands in subcharts as archives: one that unpacks to more than anyone wants, and ones that leave their folder.
func TestArchives(t *testing.T) {
	zeros := make([]byte, 5<<20)
	many := map[string][]byte{"sub/Chart.yaml": []byte("name: sub\nversion: 1.0.0\n")}
	for i := range 18 {
		many[fmt.Sprintf("sub/zeros-%d", i)] = zeros
	}
	bomb := archive(t, many)
	for name, c := range map[string]struct {
		files map[string][]byte
		want  string
	}{
		"many bombs":       {map[string][]byte{"charts/a.tgz": bomb, "charts/b.tgz": bomb, "charts/c.tgz": bomb}, "unpack to more"},
		"a nested bomb":    {map[string][]byte{"charts/a.tgz": archive(t, map[string][]byte{"sub/Chart.yaml": many["sub/Chart.yaml"], "sub/charts/b.tgz": bomb, "sub/charts/c.tgz": bomb})}, "unpack to more"},
		"above":            {map[string][]byte{"charts/a.tgz": archive(t, map[string][]byte{"sub/../../x": nil})}, "parent directory"},
		"absolute":         {map[string][]byte{"charts/a.tgz": archive(t, map[string][]byte{"sub//etc/x": nil})}, "absolute"},
		"not an archive":   {map[string][]byte{"charts/a.tgz": []byte("no")}, "charts/a.tgz"},
		"too large a file": {map[string][]byte{"big": make([]byte, 6<<20)}, "limit"},
	} {
		t.Run(name, func(t *testing.T) {
			r := chartOf("a: b\n")
			for file, data := range c.files {
				r.Files["chart/"+file] = data
			}
			if _, err := New().Render(context.Background(), r); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func archive(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	tape := tar.NewWriter(zip)
	for name, data := range files {
		if err := tape.WriteHeader(&tar.Header{Name: name, Size: int64(len(data)), Mode: 0o600}); err != nil {
			t.Fatal(err)
		}
		if _, err := tape.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(tape.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestPackedSubcharts renders a subchart from an archive as from a folder, and as the CLI does.
func TestPackedSubcharts(t *testing.T) {
	files := readFiles(t, "../../testdata/charts/mall")
	packed := map[string][]byte{}
	for name, data := range files {
		if rest, ok := strings.CutPrefix(name, "charts/redis/"); ok {
			packed["redis/"+rest] = data
			delete(files, name)
		}
	}
	files["charts/redis-18.2.0.tgz"] = archive(t, packed)
	if out, err := same(t, render.Request{Files: files, Dir: "."}); err != nil || len(out.Documents) == 0 {
		t.Fatalf("got %d documents, %v", len(out.Documents), err)
	}
}

func TestNamesThatEscape(t *testing.T) {
	for _, name := range []string{"chart/../../x", "chart//templates/x", "chart/./x", "chart/templates/../../../x", "chart/"} {
		r := chartOf("a: b\n")
		r.Files[name] = []byte("a: b\n")
		if _, err := New().Render(context.Background(), r); err == nil {
			t.Errorf("a file set with %q was rendered", name)
		}
	}
	for _, dir := range []string{"../chart", "/chart", "chart/..", "other"} {
		r := chartOf("a: b\n")
		r.Dir = dir
		if _, err := New().Render(context.Background(), r); err == nil {
			t.Errorf("a chart in %q was rendered", dir)
		}
	}
}

// TestSharedFiles renders one set of files many times at once. The race detector watches, and nothing may change.
func TestSharedFiles(t *testing.T) {
	files := readFiles(t, "../../testdata/charts")
	before := maps.Clone(files)
	for name, data := range before {
		before[name] = bytes.Clone(data)
	}
	want := map[string][]byte{}
	request := func(dir string) render.Request {
		return render.Request{Name: "web", Files: files, Dir: dir, IncludeCRDs: true, KeepHooks: true, Kubernetes: render.Kubernetes{Version: "1.34"}}
	}
	dirs := []string{"mall", "storefront", "operator"}
	for _, dir := range dirs {
		out, err := New().Render(context.Background(), request(dir))
		if err != nil {
			t.Fatal(err)
		}
		want[dir] = out.Raw
	}
	renderer := New()
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for i := range 12 {
				dir := dirs[i%len(dirs)]
				if out, err := renderer.Render(context.Background(), request(dir)); err != nil || !bytes.Equal(out.Raw, want[dir]) {
					t.Errorf("%s: %v, or other bytes", dir, err)
				}
			}
		})
	}
	group.Wait()
	for name, data := range before {
		if !bytes.Equal(files[name], data) {
			t.Errorf("%s was changed by rendering", name)
		}
	}
}

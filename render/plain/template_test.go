package plain

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ferry-cd/ferry/render"
)

const values = `
name: web
empty: ""
zero: 0
number: 12345678
float: 1e6
tag: 1.10
list: [b, a, 1]
map: {b: 1, a: {c: x}}
quotes: it's "q"
lines: "one\ntwo\n"
dotted.key: {x.y: z}
nested: [null]
`

// execute gives the text of one template, which has a helper file beside it.
func execute(ctx context.Context, template string) (string, error) {
	files := render.Files{"_lib.tpl": []byte("{{ define \"twice\" }}{{ . }}{{ . }}{{ end }}\n{{ define \"many\" }}{{ range 6000 }}{{ template \"twice\" \"\" }}{{ end }}{{ end }}{{ define \"broken\" }}\n{{ .Values.absent }}{{ end }}")}
	merged, err := render.MergeValues([]render.File{{Path: "values.yaml", Data: []byte(values)}}, nil)
	if err != nil {
		return "", err
	}
	t, err := newTemplates(ctx, render.Request{Files: files, Dir: ".", Limits: render.BuiltIn}, data(render.Request{Environment: "dev"}, merged))
	if err != nil {
		return "", err
	}
	d, err := t.stream("web.yaml.tmpl", []byte(template))
	return string(d.Data), err
}

func TestFunctions(t *testing.T) {
	tests := []struct{ template, want string }{
		{`{{ get .Values "map.a.c" "d" }} {{ get .Values "map.x.c" "d" }} {{ get .Values "name.c" "d" }} {{ get .Values "dotted\\.key.x\\.y" "d" }}`, "x d d z"},
		{`{{ required "no name" .Values.name }}`, "web"},
		{`{{ .Values.quotes | quote }} {{ .Values.quotes | squote }}`, `"it's \"q\"" 'it''s "q"'`},
		{`a:{{ .Values.lines | indent 2 }}|{{ "x\ny" | nindent 2 }}`, "a:  one\n  two\n  |\n  x\n  y"},
		{`{{ toYaml .Values.map }} {{ toJson .Values.map }} {{ toJson "<a&b>" }}`, "a:\n  c: x\nb: 1 {\"a\":{\"c\":\"x\"},\"b\":1} \"<a&b>\""},
		{`{{ toYaml (dict "a" "on" "b" "010" "c" "1e3") }}`, "a: \"on\"\nb: \"010\"\nc: \"1e3\""},
		{`{{ b64enc "hello" }} {{ b64dec "aGVsbG8=" }} {{ sha256sum "hello" }}`, "aGVsbG8= hello 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"},
		{`{{ lower "AbC" }} {{ upper "AbC" }} [{{ trim " a " }}] {{ trimPrefix "v" "v1" }} {{ trimSuffix ".0" "1.0" }}`, "abc ABC [a] 1 1"},
		{`{{ replace "a" "bb" "banana" }} {{ join "-" .Values.list }} {{ join "+" (split "," "x,y,z") }}`, "bbbnbbnbb b-a-1 x+y+z"},
		{`{{ contains "a" "cat" }} {{ hasPrefix "c" "cat" }} {{ hasSuffix "c" "cat" }} {{ has "a" .Values.list }} {{ hasKey .Values.map "z" }}`, "true true false true false"},
		{`{{ ternary "yes" "no" true }} {{ coalesce "" .Values.empty 0 "last" }} {{ empty .Values.zero }} {{ default "d" .Values.empty }} {{ "x" | default "d" }}`, "yes last true d x"},
		{`{{ (dict "a" 1).a }} {{ index (list 1 2) 1 }} {{ len (append .Values.list "z") }} {{ join "," (keys .Values.map) }}`, "1 2 4 a,b"},
		{`{{ int "7" }} {{ add 1 2 3 }} {{ sub 5 7 }} {{ mul 2 3 4 }} {{ div 7 2 }} {{ mod 7 2 }} {{ int 1.9 }}`, "7 6 -2 24 3 1 1"},
		{`{{ trunc 3 "abcdef" }} {{ trunc -3 "abcdef" }} {{ trunc 2 "aéb" }}|{{ trunc 9 "abc" }}`, "abc def a|abc"},
		{`{{ .Values.number }} {{ .Values.float }} {{ .Values.tag }} {{ true }} {{ 5 }}`, "12345678 1000000 1.1 true 5"},
		{`{{ print "a" 1 2 }} {{ printf "%05.1f|%-4s|%q|%d%%" 3.14159 "x" "y" 7 }} {{ println "a" }}`, "a1 2 003.1|x   |\"y\"|7% a\n"},
		{`{{ include "twice" .Values.name | upper }} {{ template "twice" 5 }}`, "WEBWEB 55"},
		{`{{ range 3 }}{{ . }}{{ end }} {{ range $k, $v := .Values.map }}{{ $k }}{{ end }} {{ range .Values.list }}{{ . }}{{ break }}{{ end }}`, "012 ab b"},
		{`{{ $x := .Values.map }}{{ $x.b }} {{ with .Values.name }}{{ . }}{{ end }} {{ if and .Values.name (not .Values.zero) }}ok{{ end }} {{ toString 5 }}`, "1 web ok 5"},
		{`{{ template "many" }}x`, "x"},
		{`{{ $x := 1 }}{{ $x = add $x 1 }}{{ $x }}{{/* nothing */}}`, "2"},
		{`{{ block "here" .Values.name }}[{{ . }}]{{ end }} {{ eq .Values.number 12345678 }} {{ gt 2 1 }}`, "[web] true true"},
	}
	for _, test := range tests {
		t.Run(test.template, func(t *testing.T) {
			got, err := execute(context.Background(), test.template)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestMistakes: every mistake is told with its place.
func TestMistakes(t *testing.T) {
	tests := []struct{ template, want, hint string }{
		{"a: 1\nb: {{ .Values.tags }}", "web.yaml.tmpl:2:14: map has no entry for key \"tags\" in {{ .Values.tags }}", `set it in a values file, or give a default: {{ get .Values "image.tag" "latest" }}`},
		{"{{ .Values.map.z.y }}", `web.yaml.tmpl:1:11: map has no entry for key "z" in {{ .Values.map.z.y }}`, `set it in a values file, or give a default: {{ get .Values "image.tag" "latest" }}`},
		{"{{ .Release.Sequenc }}", `web.yaml.tmpl:1:12: map has no entry for key "Sequenc" in {{ .Release.Sequenc }}`, `set it in a values file, or give a default: {{ get .Values "image.tag" "latest" }}`},
		{"{{ (index .Release.Images \"x\").Tag }}", `web.yaml.tmpl:1:27: nil data; no entry for key "Tag" in {{ "x" }}`, `set it in a values file, or give a default: {{ get .Values "image.tag" "latest" }}`},
		{"{{ required \"say a name\" .Values.empty }}", `web.yaml.tmpl:1:4: say a name in {{ required "say a name" .Values.empty }}`, ""},
		{"{{ include \"broken\" . }}", `_lib.tpl:3:11: map has no entry for key "absent" in {{ .Values.absent }}`, `set it in a values file, or give a default: {{ get .Values "image.tag" "latest" }}`},
		{"{{ template \"broken\" . }}", `_lib.tpl:3:11: map has no entry for key "absent" in {{ .Values.absent }}`, `set it in a values file, or give a default: {{ get .Values "image.tag" "latest" }}`},
		{"{{ template \"none\" }}", `web.yaml.tmpl:1:13: template "none" not defined`, ""},
		{"{{ include \"none\" . }}", `web.yaml.tmpl:1:4: template "none" not defined in {{ include "none" . }}`, ""},
		{"a: {{ .Values.name", "web.yaml.tmpl:1: unclosed action", ""},
		{"\n{{ if true }}", "web.yaml.tmpl:2: unexpected EOF", ""},
		{"{{ .Values.map }}", "web.yaml.tmpl:1:4: the value is a mapping or a list; use toYaml or toJson to print it", ""},
		{"{{ index .Values.nested 0 }}", "web.yaml.tmpl:1:4: the value is null, which prints as nothing; use get or default", ""},
		{"{{ int \"x\" }}", `web.yaml.tmpl:1:4: "x" is no number in {{ int "x" }}`, ""},
		{"{{ div 1 0 }}", "web.yaml.tmpl:1:4: division by zero in {{ div 1 0 }}", ""},
		{"{{ b64dec \"?\" }}", `web.yaml.tmpl:1:4: not base64 in {{ b64dec "?" }}`, ""},
		{"{{ dict \"a\" }}", `web.yaml.tmpl:1:4: a key without a value: dict takes pairs in {{ dict "a" }}`, ""},
		{"{{ dict 1 2 }}", `web.yaml.tmpl:1:4: the key 1 is no string in {{ dict 1 2 }}`, ""},
		{"{{ indent -1 \"a\" }}", `web.yaml.tmpl:1:4: an indent of -1; want 0 to 200 in {{ indent -1 "a" }}`, ""},
		{"{{ printf \"%d\" \"a\" }}", `web.yaml.tmpl:1:4: the format "%d" does not fit its arguments in {{ printf "%d" "a" }}`, ""},
	}
	for _, test := range tests {
		t.Run(test.template, func(t *testing.T) {
			_, err := execute(context.Background(), test.template)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			if e.Error() != test.want || e.Hint() != test.hint || e.ExitCode() != 2 {
				t.Errorf("got  %s\nwant %s\nhint %s", err, test.want, e.Hint())
			}
		})
	}
}

// TestWithheld: no template reaches anything but its values.
func TestWithheld(t *testing.T) {
	for _, f := range []string{"env", "expandenv", "now", "date", "uuidv4", "randAlphaNum", "genCA", "getHostByName", "lookup", "tpl", "fail", "call", "html", "js", "urlquery", "readFile"} {
		for _, use := range []string{"{{ " + f + " \"x\" }}", "{{ $x := (\"x\" | " + f + ") }}", "{{ if (" + f + ").a }}{{ end }}", "{{ range " + f + " }}{{ else }}{{ end }}", "{{ define \"a\" }}{{ with " + f + " }}{{ end }}{{ end }}"} {
			if _, err := execute(context.Background(), use); err == nil || !strings.Contains(err.Error(), `function "`+f+`" not defined`) {
				t.Errorf("%s: %v", use, err)
			}
		}
	}
	for _, use := range []string{"{{ .Values.map.MapRange }}", "{{ printf \"%p\" .Values }}", "{{ printf \"%[1]*d\" 9 1 }}", "{{ printf \"%1000d\" 1 }}"} {
		if out, err := execute(context.Background(), use); err == nil {
			t.Errorf("%s gives %s", use, out)
		}
	}
}

// TestBounds: templates that would run for ever, or make more than memory holds, end soon and say why.
func TestBounds(t *testing.T) {
	calls := ""
	for i := range 40 {
		next := string(rune('b' + i))
		calls += "{{ define \"" + string(rune('a'+i)) + "\" }}{{ template \"" + next + "\" }}{{ template \"" + next + "\" }}{{ end }}"
	}
	calls += "{{ define \"" + string(rune('a'+40)) + "\" }}{{ end }}{{ template \"a\" }}"
	tests := []struct{ name, template, want string }{
		{"range to a large number", "{{ range 1000000000 }}{{ end }}", "range counts to 1000000000, which is more than 100000"},
		{"range in a range", "{{ range 100000 }}{{ range 100000 }}{{ end }}{{ end }}", "rendering was stopped: context deadline exceeded"},
		{"template in itself", "{{ define \"x\" }}{{ template \"x\" . }}{{ end }}{{ template \"x\" . }}", "more than 10000 calls of templates; does one call itself?"},
		{"include in itself", "{{ define \"x\" }}{{ include \"x\" . }}{{ end }}{{ include \"x\" . }}", "include goes deeper than 50 calls; does \"x\" include itself?"},
		{"templates in templates", calls, "more than 10000 calls of templates; does one call itself?"},
		{"growing text", "{{ $x := \"0123456789\" }}{{ range 100 }}{{ $x = print $x $x }}{{ end }}", "a value of more than 16 MB"},
		{"growing text by replacing", "{{ $x := \"0123456789\" }}{{ range 100 }}{{ $x = replace \"0\" $x $x }}{{ end }}", "a value of more than 16 MB"},
		{"growing text by joining", "{{ $x := \"0123456789\" }}{{ range 100 }}{{ $x = join $x (list $x $x) }}{{ end }}", "a value of more than 16 MB"},
		{"growing text by including", "{{ $x := \"0123456789\" }}{{ range 100 }}{{ $x = include \"twice\" $x }}{{ end }}", "a value of more than 16 MB"},
		{"growing text by formatting", "{{ $x := \"0123456789\" }}{{ range 100 }}{{ $x = printf \"%s%s%s\" $x $x $x }}{{ end }}", "a value of more than 16 MB"},
		{"growing text by encoding", "{{ $x := \"0123456789\" }}{{ range 100 }}{{ $x = b64enc $x }}{{ end }}", "a value of more than 16 MB"},
		{"growing mapping", "{{ $x := dict }}{{ range 100 }}{{ $x = dict \"a\" $x \"b\" $x }}{{ end }}", "a value of more than 16 MB"},
		{"growing list", "{{ $x := list }}{{ range 100 }}{{ $x = list $x $x }}{{ end }}", "a value of more than 16 MB"},
		{"deep mapping", "{{ $x := dict }}{{ range 10000 }}{{ $x = dict \"a\" $x }}{{ end }}", "a value nested deeper than 250 levels"},
		{"much work", "{{ $x := printf \"%99s\" \"\" }}{{ range 13 }}{{ $x = print $x $x }}{{ end }}{{ range 100000 }}{{ $y := print $x }}{{ end }}", "the templates make more than 256 MB"},
		{"much output", "{{ $x := printf \"%99s\" \"\" }}{{ range 13 }}{{ $x = print $x $x }}{{ end }}{{ range 100000 }}{{ $x }}{{ end }}", "the templates make more than 256 MB"},
		{"large template", strings.Repeat("x", 300<<10), "a template larger than 256 KB"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			patience := time.Minute
			if strings.Contains(test.want, "stopped") {
				patience = 300 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			_, err := execute(ctx, test.template)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %.300v, want %s", err, test.want)
			}
		})
	}
}

// FuzzTemplate: whatever a template says, it ends in text or in an error, soon, and says the same again.
func FuzzTemplate(f *testing.F) {
	for _, s := range []string{
		"{{ range $k, $v := .Values.map }}{{ $k }}: {{ toYaml $v | nindent 2 }}{{ end }}", "{{ define \"x\" }}{{ include \"x\" . }}{{ end }}{{ include \"x\" . }}",
		"{{ with $x := get .Values \"a.b\" (dict \"c\" 1) }}{{ $x.c | add 1 }}{{ else }}{{ end }}", "{{ printf \"%5.2f %v\" 1.5 .Values.list }}", "{{ slice .Values.name 1 2 }}{{ index .Values.list 5 }}",
		"{{ trunc -1 .Values.name }}{{ split \"\" \"abc\" | join \"\" }}{{ block \"a\" . }}{{ break }}{{ end }}", "{{ range 5 }}{{ continue }}{{ end }}{{ and 1 (or 0 \"x\") }}{{ not nil }}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, template string) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		first, err := execute(ctx, template)
		if err != nil {
			return
		}
		if again, err := execute(ctx, template); ctx.Err() == nil && (err != nil || again != first) {
			t.Errorf("%q, then %q, %v", first, again, err)
		}
	})
}

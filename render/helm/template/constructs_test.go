package template_test

import (
	"testing"

	"github.com/ferry-cd/ferry/render/helm/template"
)

// TestAsGo executes every construct there is, right and wrong, here and with text/template.
func TestAsGo(t *testing.T) {
	funcs := library()
	l := template.NewLanguage(funcs)
	for group, texts := range constructs {
		t.Run(group, func(t *testing.T) {
			for _, text := range texts {
				agree(t, l, "chart/templates/x.yaml", text, funcs, func() any { return world() })
			}
		})
	}
}

// TestProducts crosses values with the places where they can stand.
func TestProducts(t *testing.T) {
	funcs := library()
	l := template.NewLanguage(funcs)
	places := []string{"{{ %s }}", "{{ if %s }}yes{{ else }}no{{ end }}", "{{ with %s }}{{ . }}{{ else }}no{{ end }}", "{{ %s | str }}", "{{ str %s }}", "{{ kind %s }}", "{{ %s | kind }}", "{{ upper %s }}", "{{ %s | upper }}",
		"{{ $x := %s }}{{ $x }}{{ $x | kind }}", "{{ $x := %s }}{{ upper $x }}", "{{ $x := %s }}{{ $x.foo }}", "{{ (%s).foo }}", "{{ (%s).Name }}", "{{ (%s).Name.Deep }}", "{{ $x := %s }}{{ $x.Rename \"new\" }}{{ $x.Name }}", "{{ (%s).Rename \"x\" }}",
		"{{ range %s }}[{{ . }}]{{ else }}none{{ end }}", "{{ range $x := %s }}[{{ $x }}{{ . }}]{{ else }}none {{ $x }}{{ end }}", "{{ range $i, $x := %s }}[{{ $i }}={{ $x }}]{{ else }}none{{ end }}", "{{ $i := 0 }}{{ $x := 0 }}{{ range $i, $x = %s }}[{{ $i }}={{ $x }}]{{ end }}{{ $i }}{{ $x }}",
		"{{ range %s }}{{ .foo }}{{ end }}", "{{ range %s }}{{ .Name }}{{ end }}", "{{ range %s }}{{ upper . }}{{ end }}", "{{ range $x := %s }}{{ upper $x }}{{ end }}", "{{ range %s }}{{ .Rename \"z\" }}{{ end }}", "{{ len %s }}", "{{ index %s 0 }}", "{{ index %s \"a\" }}", "{{ index %s 1 0 }}", "{{ index %s }}", "{{ slice %s 1 }}", "{{ slice %s 0 1 }}", "{{ slice %s 0 1 2 }}",
		"{{ not %s }}", "{{ and %s 1 }}", "{{ or %s 2 }}", "{{ 0 | or %s }}", "{{ print %s }}", "{{ printf \"%%v %%d\" %s 1 }}", "{{ println %s }}", "{{ html %s }}", "{{ js %s }}", "{{ urlquery %s }}", "{{ call %s }}", "{{ call %s \"x\" }}", "{{ call %s 1 }}", "{{ %s | call }}",
		"{{ lt %s 3 }}", "{{ lt %s \"m\" }}", "{{ le 3 %s }}", "{{ gt %s 2.5 }}", "{{ ge %s %[1]s }}", "{{ hasKey %s \"a\" }}", "{{ get %s \"a\" }}", "{{ (get %s \"a\").b }}", "{{ indent %s \"x\" }}", "{{ indent 2 %s }}", "{{ ternary 1 2 %s }}", "{{ ptr %s }}", "{{ byValue %s }}", "{{ stringer %s }}", "{{ err %s }}", "{{ fn %s }}", "{{ rv %s }}", "{{ rvs %s }}", "{{ rvid %s }}", "{{ (rvid %s).a }}", "{{ bytes %s }}", "{{ i8 %s }}", "{{ u8 %s }}", "{{ f32 %s }}", "{{ wordy %s }}", "{{ boolean %s }}", "{{ ints %s }}", "{{ %s | ints 1 }}", "{{ strs \"a\" %s }}", "{{ %s | strs }}",
		"{{ template \"t\" %s }}{{ define \"t\" }}({{ . }}){{ $.foo }}{{ end }}", "{{ define \"t\" }}{{ . | upper }}{{ end }}{{ template \"t\" %s }}", "{{ default \"d\" %s }}", "{{ %s | default \"d\" }}", "{{ required \"needed\" %s }}", "{{ cat %s %[1]s }}", "{{ dict \"k\" %s }}", "{{ (dict \"k\" %s).k.foo }}", "{{ (list %s) }}", "{{ range list %s }}{{ .foo }}{{ end }}", "{{ range list %s }}{{ upper . }}{{ end }}", "{{ %s | same | kind }}", "{{ (same %s).foo }}", "{{ structv %s }}", "{{ arr %s }}", "{{ cplx %s }}", "{{ uptr %s }}", "{{ ch %s }}"}
	values := []string{".", "$", ".s", ".empty", ".i", ".zero", ".i64", ".f", ".whole", ".big", ".neg", ".u", ".t", ".no", ".nil", ".missing", ".list", ".none", ".words", ".ints", ".m", ".em", ".nm", ".deep", ".deep.b.c", ".deep.b.n", ".deep.x", ".deep.b.c.d", ".named", ".named.n", ".named.YAML", ".named.sub", ".named.sub.x", ".word", ".count", ".thing", ".thing.Name", ".thing.Nil", ".thing.NilMap", ".thing.Pointer", ".thing.Pointed", ".thing.Err", ".thing.Time", ".thing.Func", ".p", ".p.Name", ".p.Any", ".p.Nil", ".p.Things", ".p.Spoken", ".p.Pointed", ".p.List", ".p.Words", ".p.Pointer.Name", ".p.Pointer.Pointer", ".p.Pointer.Pointer.Name", ".p.Deep", ".p.inner", ".p.unseen", ".p.Time", ".p.Stringer", ".p.NoStringer", ".p.Self", ".p.NoSelf", ".p.NoSelf.Name", ".p.Err", ".p.Func", ".p.Number", ".p.Small", ".pp", ".np", ".np.Name", ".np.Foo", ".pn", ".ps", ".array", ".bytes", ".runes", ".sm", ".sm.k", ".sm.x", ".im", ".am", ".bm", ".fm", ".wm", ".stm", ".arm", ".u8m", ".cm", ".err", ".error", ".spoken", ".pointed", ".ppointed", ".hidden", ".hidden.secret", ".outer", ".outer.Deep", ".full.Deep", ".fn", ".vf", ".ef", ".pf", ".bad", ".bad2", ".nf", ".ch", ".nch", ".send", ".seq", ".seq2", ".tree", ".tree.Left.Label", ".tree.Right.Label", ".dur", ".when", ".rv", ".matrix", ".structs", ".level", ".c", ".html", ".nils", ".st", ".st.B", ".u64", ".f32", ".pslice", ".pmap", ".pmap.k", "1", "-1", "300", "1.5", "1e3", "0x10", "'a'", "1i", "18446744073709551615", "\"lit\"", "`raw`", "true", "nil", "answer", "nothing", "noMap", "noargs", "fails", "panics", "aStringer", "noStringer", "anError", "noError", "pthing", "noThing", "pthing.Name", "(pthing).Pointed", "(index .p.Pointed 0)", "(index .thing.Pointed 0)", "(index .structs 0)", "(.s)", "(print .i)", "(.i | print)", "(until 3)", "(dict \"a\" 1)", "(list 1 nil)", ".thing.Reflected", ".thing.Seq", ".thing.Seq2", ".thing.NoSeq", "(.thing.Channel 2)", ".thing.Hello", "(.thing.Add 1 2)", ".thing.Panics", "(.thing.Fails \"x\")", ".thing.Two", ".thing.Nothing", "$.s", "(index .list 2)", "(index .m \"nope\")", "(and .t .s)", "(or .nil .missing)", "(rvid .nil)", "(rvid .p.Things)", "(.p.Value .nil)", "(same .nil)", "(coalesce .nil .p.Nil)"}
	cross(t, l, funcs, places, values)
}

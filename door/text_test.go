package door_test

import (
	"bytes"
	"fmt"
	entities "html"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"

	"github.com/ferry-cd/ferry/door"
)

// corpus is what strangers write where they hope that somebody shows it.
func corpus(t testing.TB) []string {
	t.Helper()
	data, err := os.ReadFile("testdata/hostile.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	for i := range lines {
		lines[i] = strings.NewReplacer(`\n`, "\n", `\e`, "\x1b", `\0`, "\x00", `\r`, "\r", `\t`, "\t").Replace(lines[i])
	}
	return append(lines, "\xff\xfe broken \xc3\x28", "a\u2028b\u2029c", "Z\u0300\u0301\u0302\u0303\u0304\u0305\u0306", "x\u202e\u2066\u200b\ufeff\u00ad\U000e0041\u3164\u2800y")
}

// page puts a text into every place where reports have texts.
func page(s string) string {
	t := door.Outside(s)
	return door.Join("",
		door.Say("**%s** and %s, then %s.\n\n", t.Prose(), t.Code(), t.Prose()),
		door.Say("| a | b |\n| --- | --- |\n| %s | %s |\n| cell | %s |\n\n", t.Prose().Cell(), t.Code().Cell(), door.Say("%s<br>%s", t.Code(), t.Prose()).Cell()),
		door.Say("- %s\n  - %s\n\n", t.Prose(), t.Code()),
		door.Say("<details><summary>%s</summary>\n\n%s\n</details>\n\n", t.Prose(), t.Fence("diff")),
		door.Link(t.Prose(), s), door.Say("\n\nthe end\n"),
	).String()
}

var (
	tag      = regexp.MustCompile(`<[^>]*>`)
	ours     = regexp.MustCompile(`^</?(p|strong|code|table|thead|tbody|tr|th|td|ul|li|details|summary|pre|br)>$|^<code class="language-diff">$|^<a href="https?://[A-Za-z0-9.:-]+(/[^"]*)?([?#][^"]*)?">$|^</a>$`)
	coded    = regexp.MustCompile(`(?s)<(pre|code)[ >].*?</(pre|code)>`)
	active   = regexp.MustCompile(`(?i)[@#!~^$%&][^\s\x{200b}]|://|www\.|gh-[0-9]|:[a-z+-][a-z0-9_+-]*:`)
	endings  = regexp.MustCompile(`(?i)(clos|fix|resolv|implement)\w*:?\s+([a-z0-9/_.-]*#[0-9]|gh-[0-9]|https?://)`)
	renderer = goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe()))
)

// checkInert reads a page as a forge would.
func checkInert(t *testing.T, markdown string) {
	t.Helper()
	var out bytes.Buffer
	if err := renderer.Convert([]byte(markdown), &out); err != nil {
		t.Fatal(err)
	}
	shown := out.String()
	for _, tag := range tag.FindAllString(shown, -1) {
		if !ours.MatchString(tag) {
			t.Errorf("a stranger's %s is live in\n%s\nfrom\n%s", tag, shown, markdown)
		}
	}
	for _, pair := range []string{"details", "table", "summary"} {
		if strings.Count(shown, "<"+pair+">") != 1 || strings.Count(shown, "</"+pair+">") != 1 {
			t.Errorf("%s opens or closes more than once in\n%s\nfrom\n%s", pair, shown, markdown)
		}
	}
	if n := strings.Count(shown, "<td>"); n != 4 {
		t.Errorf("%d cells in\n%s\nfrom\n%s", n, shown, markdown)
	}
	words := tag.ReplaceAllString(coded.ReplaceAllString(shown, ""), "")
	words = entities.UnescapeString(words)
	if found := active.FindString(words); found != "" {
		t.Errorf("%q acts in\n%s", found, words)
	}
	if found := endings.FindString(markdown); found != "" {
		t.Errorf("%q closes something in\n%s", found, markdown)
	}
	checkVisible(t, markdown)
	if !strings.HasSuffix(shown, "<p>the end</p>\n") {
		t.Errorf("the end is not the end of\n%s\nfrom\n%s", shown, markdown)
	}
}

// checkVisible wants nothing unseen but our own gaps.
func checkVisible(t *testing.T, s string) {
	t.Helper()
	for _, r := range strings.ReplaceAll(s, "\u200b", "") {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point) || r == unicode.ReplacementChar) {
			t.Errorf("%U came through in %q", r, s)
		}
	}
}

func TestTextFromOutsideIsInert(t *testing.T) {
	for _, s := range corpus(t) {
		checkInert(t, page(s))
		if title := door.Outside(s).Title(); endings.MatchString(title) || strings.Contains(title, "@all") || strings.ContainsAny(title, "\n\r\x1b") {
			t.Errorf("the title %q acts", title)
		}
	}
}

func FuzzTextFromOutsideIsInert(f *testing.F) {
	for _, s := range corpus(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) < 4096 {
			checkInert(t, page(s))
		}
	})
}

// What is harmless is shown as it is.
func TestTextStaysReadable(t *testing.T) {
	for _, c := range []struct{ in, line, prose, code string }{
		{"shop 1.4.0", "shop 1.4.0", "shop 1.4.0", "`shop 1.4.0`"},
		{"soak: 3h left, needs 24h (10:02 UTC)", "soak: 3h left, needs 24h (10:02 UTC)", "soak: 3h left, needs 24h (10:02 UTC)", "`soak: 3h left, needs 24h (10:02 UTC)`"},
		{"Änderung größer 変更 é", "Änderung größer 変更 é", "Änderung größer 変更 é", "`Änderung größer 変更 é`"},
		{"acme/shop@sha256:11", "acme/shop@sha256:11", "acme/shop&#64;&#8203;sha256:11", "`acme/shop@sha256:11`"},
		{"a`b``c", "a`b``c", "a&#96;b&#96;&#96;c", "```a`b``c```"},
		{"", "", "", "(empty)"},
	} {
		text := door.Outside(c.in)
		if got := []string{text.Line(), text.Prose().String(), text.Code().String()}; got[0] != c.line || got[1] != c.prose || got[2] != c.code {
			t.Errorf("%q is shown as %q", c.in, got)
		}
	}
}

func TestTextCannotBePrintedRaw(t *testing.T) {
	text := door.Outside("a\x1b[31mb")
	for _, verb := range []string{"%v", "%s", "%+v", "%#v"} {
		if got := fmt.Sprintf(verb, text); strings.Contains(got, "\x1b") {
			t.Errorf("%s gives %q", verb, got)
		}
	}
	if got := door.Lines("%s and %s: %s", text, door.Outside("b\nc")).Line(); got != "a[31mb and b c: " {
		t.Errorf("got %q", got)
	}
	if got := door.Outside("abcdefgh").Cut(6).Line(); got != "abc..." {
		t.Errorf("got %q", got)
	}
}

func TestLinksLeadToTheWebOnly(t *testing.T) {
	text := door.Outside("1.4.0").Prose()
	for address, want := range map[string]string{
		"https://example.com/a/b?c=d#e":            "[1.4.0](https://example.com/a/b?c=d#e)",
		"https://example.com/a b)](javascript:1)":  "[1.4.0](https://example.com/a%20b%29%5D%28javascript:1%29)",
		"https://example.com:8443/x":               "[1.4.0](https://example.com:8443/x)",
		"javascript:alert(1)":                      "1.4.0",
		"https://user:secret@example.com/":         "1.4.0",
		"ssh://git@example.com/x":                  "1.4.0",
		"https://ex<b>ample.com/":                  "1.4.0",
		"https://example.com/\" onclick=\"alert(1": "[1.4.0](https://example.com/%22%20onclick=%22alert%281)",
		"": "1.4.0",
	} {
		if got := door.Link(text, address).String(); got != want {
			t.Errorf("%q gives %s, want %s", address, got, want)
		}
	}
}

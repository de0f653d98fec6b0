package report

import (
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/promote"
)

// Writer gives the words of promotions on one forge.
type Writer struct{ Budget Budget }

// PullRequest gives the words of a promotion's pull request: in as much detail as fits, and the rest, where the forge's
// descriptions hold little, as a comment. A template of ferry.yaml that fails in the end does not stop a promotion; the
// built-in words stand for it.
func (w Writer) PullRequest(pr promote.Promotion) promote.Text {
	s := sheetOf(pr)
	t := promote.Text{Title: w.title(s), Labels: append(slices.Clone(pr.Labels), w.labels(s)...)}
	t.Body, t.Rest = w.body(s)
	return t
}

// Message gives the message of a promotion's commit, without trailers.
func (w Writer) Message(pr promote.Promotion) string {
	s := sheetOf(pr)
	if text, err := expand(pr.Texts.Commit, s.data(asLine)); err == nil && strings.TrimSpace(text) != "" {
		return harmless(text)
	}
	return outside(pr.Title()).Title()
}

// harmless keeps the lines of what an operator wrote; strangers' parts in it are harmless already.
func harmless(text string) string {
	var all []string
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		all = append(all, strings.TrimRight(line, " \r\t"))
	}
	return strings.Join(all, "\n")
}

// oneLine does the same in one line of at most so many characters.
func oneLine(text string, most int) string {
	r := []rune(strings.Join(strings.Fields(text), " "))
	return strings.TrimSpace(string(r[:min(len(r), most)]))
}

func (w Writer) title(s sheet) string {
	if text, err := expand(s.Texts.Title, s.data(asLine)); err == nil && strings.TrimSpace(text) != "" {
		return oneLine(text, longTitle)
	}
	return outside(s.Title()).Cut(longTitle).Title()
}

func (w Writer) labels(s sheet) []string {
	var all []string
	for _, label := range s.Texts.Labels {
		text, err := expand(label, s.data(asLine))
		if text = oneLine(text, longLabel); err == nil && text != "" {
			all = append(all, text)
		}
	}
	return all
}

const (
	longTitle = 240 // below what every forge takes: GitLab's 255 are the fewest
	longLabel = 50  // GitHub's limit, the lowest
)

// body puts the built-in text into the template, with as much detail as the words around it leave room for.
func (w Writer) body(s sheet) (body, rest string) {
	const inner = "\x00"
	d := s.data(asMarkdown)
	d.Body = inner
	around, err := expand(s.Texts.Body, d)
	extra := size(around) - strings.Count(around, inner)
	if err != nil || s.Texts.Body == "" || extra > w.Budget.Description/2 || strings.Count(around, inner) > 1 {
		return w.own(s)
	}
	narrow := w
	narrow.Budget.Description -= extra
	body, rest = narrow.own(s)
	if !strings.Contains(around, inner) {
		rest = ""
	}
	return strings.Replace(around, inner, body, 1), rest
}

// own is the built-in text.
func (w Writer) own(s sheet) (body, rest string) {
	if w.Budget.Comment > 0 {
		return w.split(s)
	}
	return w.most(s, fullDetail, w.Budget.Description), ""
}

// split keeps everything in the description where that is possible, and otherwise only what a reviewer must know.
func (w Writer) split(s sheet) (body, rest string) {
	if all := w.page(s, fullDetail).String(); size(all) <= w.Budget.Description {
		return all, ""
	}
	p := pager{sheet: s, plain: w.Budget.Plain, level: totalsOnly, continued: true}
	rest = w.most(s, fullDetail, w.Budget.Comment)
	if body = p.page().String(); size(body) <= w.Budget.Description {
		return body, rest
	}
	p.level = verdictAlone
	return p.within(w.Budget.Description), rest
}

// most gives the page at the first level from one on that fits.
func (w Writer) most(s sheet, from detail, room int) string {
	for l := from; l < verdictAlone; l++ {
		if text := w.page(s, l).String(); size(text) <= room {
			return text
		}
	}
	return pager{sheet: s, plain: w.Budget.Plain, level: verdictAlone}.within(room)
}

func (w Writer) page(s sheet, l detail) door.Inert {
	return pager{sheet: s, plain: w.Budget.Plain, level: l}.page()
}

// Markdown gives a promotion in as much detail as fits, for a job summary or a terminal.
func (w Writer) Markdown(pr promote.Promotion) string {
	return w.most(sheetOf(pr), fullDetail, w.Budget.Description)
}

package report

import (
	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/promote"
)

// Writer gives the words of promotions on one forge.
type Writer struct{ Budget Budget }

// PullRequest gives the words of a promotion's pull request: in as much detail as fits, and the rest, where the forge's
// descriptions hold little, as a comment.
func (w Writer) PullRequest(pr promote.Promotion) promote.Text {
	t := promote.Text{Title: outside(pr.Title()).Cut(longTitle).Title(), Labels: pr.Labels}
	t.Body, t.Rest = w.body(sheetOf(pr))
	return t
}

// longTitle is below what every forge takes: GitLab's 255 are the fewest.
const longTitle = 240

func (w Writer) body(s sheet) (body, rest string) {
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

package report

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/render"
)

// Every level of detail of one promotion, as a forge that folds shows it, and as one that does not.
func TestLevels(t *testing.T) {
	pr := storefront(t)
	for level := fullDetail; level <= verdictAlone; level++ {
		golden(t, fmt.Sprintf("level-%d.md", level+1), Writer{}.page(sheetOf(pr), level).String())
	}
	golden(t, "plain.md", Writer{Budget: Bitbucket}.page(sheetOf(pr), fieldDetail).String())
	two := Writer{Budget: Azure}.PullRequest(fleet(t, 4, 4))
	golden(t, "azure-description.md", two.Body)
	golden(t, "azure-comment.md", two.Rest)
}

var budgets = map[string]Budget{"github": GitHub, "gitlab": GitLab, "azure": Azure, "bitbucket": Bitbucket, "gitea": Gitea, "local": Local, "narrow": {Description: 20_000}}

// However much changes, the text fits every forge, says at which level it is, and drops no deletion and no risk.
func TestEveryChangeFitsEveryForge(t *testing.T) {
	for i, pr := range []promote.Promotion{storefront(t), fleet(t, 10, 50), fleet(t, 1, 300), fleet(t, 60, 15)} {
		for name, b := range budgets {
			if i > 1 && b != GitHub && b != Azure {
				continue
			}
			text := Writer{Budget: b}.PullRequest(pr)
			if n := size(text.Body); n > b.Description {
				t.Errorf("%s: %d characters, %d are allowed", name, n, b.Description)
			}
			if n := size(text.Rest); n > b.Comment {
				t.Errorf("%s: a comment of %d characters, %d are allowed", name, n, b.Comment)
			}
			checkNothingDropped(t, name, pr, text)
		}
	}
}

func checkNothingDropped(t *testing.T, forge string, pr promote.Promotion, text promote.Text) {
	t.Helper()
	all := text.Body + text.Rest
	for _, c := range pr.Changes {
		for _, r := range c.Diff.Resources {
			if r.Kind == diff.Removed && !strings.Contains(all, r.Resource.Name+"`") {
				t.Errorf("%s: %s goes, and nobody says so", forge, r.Resource)
			}
		}
		for _, r := range c.Diff.Risks {
			if !strings.Contains(all, r.Rule) || !strings.Contains(all, r.Resource.Name+"`") && !strings.Contains(text.Body, "Not even the names") {
				t.Errorf("%s: the risk %s of %s is not named", forge, r.Rule, r.Resource)
			}
		}
	}
	whole := strings.Contains(all, "raw diff") || strings.Contains(all, "```diff")
	if !whole && !strings.Contains(all, "This text shows") && !strings.Contains(all, "Not even the names") {
		t.Errorf("%s: the level of detail is not named", forge)
	}
	if !whole && !strings.Contains(all, "git diff origin/main...origin/"+pr.Branch) {
		t.Errorf("%s: no command shows the rest", forge)
	}
	if !strings.HasSuffix(strings.TrimSpace(text.Body), pr.Environment+"/"+pr.Unit+" -->") && !strings.Contains(text.Body, "[//]: # (ferry:v1 "+pr.Environment+"/"+pr.Unit+")") {
		t.Errorf("%s: the marker is missing at the end of %q", forge, text.Body[len(text.Body)-80:])
	}
}

// What is folded away does not count: 500 changed manifests are read on one screen.
func TestALargeChangeIsReadOnOneScreen(t *testing.T) {
	body := Writer{Budget: GitHub}.PullRequest(fleet(t, 10, 50)).Body
	golden(t, "fleet.md", body)
	open := regexp.MustCompile(`(?s)<details><summary>(.*?)</summary>.*?\n</details>\n(\n</details>\n)?`).ReplaceAllString(body, "$1\n")
	if n := strings.Count(open, "\n"); n > 60 {
		t.Errorf("%d lines are open:\n%s", n, open)
	}
}

// Even when no name fits, every kind that goes is counted and every rule that found something is named.
func TestTheLastResort(t *testing.T) {
	b := Budget{Description: 1500}
	text := Writer{Budget: b}.PullRequest(fleet(t, 10, 50))
	if n := size(text.Body); n > b.Description {
		t.Errorf("%d characters", n)
	}
	golden(t, "last-resort.md", text.Body)
}

func TestNothingChanges(t *testing.T) {
	pr := storefront(t)
	c := &pr.Changes[0]
	c.Diff = diff.Compare(c.New, c.New)
	pr.Conditions, pr.Supersedes = nil, nil
	golden(t, "nothing.md", Writer{Budget: GitHub}.PullRequest(pr).Body)
}

// Names, versions and values come from strangers: none of them may mention, close, link, embed or break out.
func TestStrangersTextIsInert(t *testing.T) {
	for _, hostile := range []string{
		"1.0 @all fixes #1 ![x](http://evil.example/y.png) </details> <script> `tick` | cell \u202egnp\x1b[31m\n## title",
		"x\\|@all ![a](https://evil.example/a.png) closes acme/shop#2", "``` \n```\n</details>\n<img src=x>", "<!-- --> [//]: # (x) /merge\n/close",
	} {
		for _, b := range budgets {
			text := Writer{Budget: b}.PullRequest(hostilePromotion(t, hostile))
			checkHTML(t, text.Body, b.Plain)
			if text.Rest != "" {
				checkHTML(t, text.Rest, b.Plain)
			}
			if strings.ContainsAny(text.Title, "\n\x1b\u202e") || strings.Contains(text.Title, "@all") || strings.Contains(text.Title, "#1") {
				t.Errorf("the title acts: %q", text.Title)
			}
		}
	}
}

func hostilePromotion(t *testing.T, hostile string) promote.Promotion {
	t.Helper()
	config := func(value string) render.Manifests {
		m, err := render.Parse("configmap-a.yaml", fmt.Appendf(nil, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: %q\n  more: |\n    %s\n", value, strings.ReplaceAll(value, "\n", "\n    ")))
		if err != nil {
			t.Fatal(err)
		}
		return render.Manifests{m}
	}
	old, fresh := config("before"), config(strings.Map(func(r rune) rune {
		if r == '\x1b' {
			return -1
		}
		return r
	}, hostile))
	c := promote.Change{Key: promote.Key{App: "shop", Environment: "prod"}, Old: old, New: fresh, Diff: diff.Compare(old, fresh),
		To:      release.Record{Release: release.Release{App: "shop", Version: hostile, Source: release.Source{Repository: hostile, Commit: hostile}}},
		Origins: []promote.Origin{{Environment: "qa", Why: hostile}}, Notices: []string{hostile}, Adopted: []string{hostile}}
	c.Diff.Risks = append(c.Diff.Risks, diff.Risk{Rule: "policy", Level: diff.High, Reason: hostile, Field: hostile, Resource: diff.Resource{Kind: "ConfigMap", Name: hostile}})
	return promote.Promotion{Environment: "prod", Unit: "shop", Branch: "ferry/prod/shop", Base: "main", Changes: []promote.Change{c}, LeftOut: []string{hostile}}
}

var (
	anyTag = regexp.MustCompile(`<[^>]*>`)
	ours   = regexp.MustCompile(`^</?(p|strong|code|table|thead|tbody|tr|th|td|ul|li|details|summary|pre|br|h[1-6])( align="right"| style="text-align:right")?>$|^<code class="language-diff">$|^<!-- ferry:v1 prod/shop -->$`)
)

// checkHTML converts Markdown as a forge would and wants no tag but ours, balanced.
func checkHTML(t *testing.T, markdown string, plain bool) {
	t.Helper()
	var out bytes.Buffer
	gfm := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe()))
	if err := gfm.Convert([]byte(markdown), &out); err != nil {
		t.Fatal(err)
	}
	for _, tag := range anyTag.FindAllString(out.String(), -1) {
		if !ours.MatchString(tag) {
			t.Errorf("%s is live in\n%s", tag, markdown)
		}
	}
	opened := strings.Count(out.String(), "<details>")
	if opened != strings.Count(out.String(), "</details>") || plain && opened > 0 {
		t.Errorf("%d sections are opened, %d closed in\n%s", opened, strings.Count(out.String(), "</details>"), markdown)
	}
}

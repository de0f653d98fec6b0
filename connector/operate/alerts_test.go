package operate

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

type rule struct {
	Alert, Expr, For    string
	Labels, Annotations map[string]string
}

func alerts(t *testing.T) []rule {
	t.Helper()
	data, err := os.ReadFile("../../deploy/connector/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Spec struct{ Groups []struct{ Rules []rule } }
	}
	if err := yaml.Unmarshal(data, &file); err != nil || len(file.Spec.Groups) != 1 {
		t.Fatal(file, err)
	}
	return file.Spec.Groups[0].Rules
}

// Each alert is well formed, asks for labels that the metrics have, and says what to do. A label in its words is one that its
// expression keeps.
func TestAlerts(t *testing.T) {
	labels := labelsOf(scraped(t))
	seen := map[string]bool{}
	for _, r := range alerts(t) {
		asks(t, r.Alert, r.Expr, labels)
		if seen[r.Alert] || r.Labels["severity"] == "" || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
			t.Errorf("%s is there twice, or does not say how bad it is, what it is and what to do", r.Alert)
		}
		seen[r.Alert] = true
		for _, word := range strings.Fields(r.Annotations["summary"]) {
			if name, ok := strings.CutPrefix(word, "$labels."); ok && !regexp.MustCompile(`by \([a-z, ]*\b`+name+`\b[a-z, ]*\)`).MatchString(r.Expr) {
				t.Errorf("%s speaks of %s, which its expression drops", r.Alert, name)
			}
		}
	}
}

func TestDashboard(t *testing.T) {
	data, err := os.ReadFile("../../deploy/connector/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			ID      int
			Title   string
			Targets []struct{ Expr, LegendFormat string }
		}
	}
	if err := json.Unmarshal(data, &board); err != nil || len(board.Panels) < 10 {
		t.Fatal(len(board.Panels), err)
	}
	labels, ids := labelsOf(scraped(t)), map[int]bool{}
	for _, p := range board.Panels {
		if ids[p.ID] || len(p.Targets) == 0 {
			t.Errorf("%s has no query, or the number of another panel", p.Title)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			asks(t, p.Title, target.Expr, labels)
		}
	}
}

// labelsOf reads which labels each metric has.
func labelsOf(text string) map[string]map[string]bool {
	out := map[string]map[string]bool{}
	for _, line := range strings.Split(text, "\n") {
		name, rest, _ := strings.Cut(strings.TrimPrefix(line, "#"), "{")
		name, _, _ = strings.Cut(name, " ")
		if out[name] == nil {
			out[name] = map[string]bool{}
		}
		for _, pair := range strings.Split(rest, `",`) {
			label, _, found := strings.Cut(pair, `="`)
			if found {
				out[name][label] = true
			}
		}
	}
	return out
}

var (
	selector = regexp.MustCompile(`(ferry_[a-z_]+)(?:\{([^}]*)\})?`)
	matcher  = regexp.MustCompile(`^\s*([a-z]+)(=|!=|=~|!~)"[^"]*"\s*$`)
	grouping = regexp.MustCompile(`(sum|max|min) by \(([a-z, ]+)\) \(`)
	function = regexp.MustCompile(`\b([a-z_]+)\(`)
)

// asks checks the form of an expression, the labels of its selectors, and those by which they are summed up.
func asks(t *testing.T, where, e string, labels map[string]map[string]bool) {
	t.Helper()
	if inside(e+")") != e {
		t.Errorf("%s: brackets do not match: %s", where, e)
	}
	for _, f := range function.FindAllStringSubmatch(e, -1) {
		if !slices.Contains([]string{"sum", "max", "min", "absent", "rate", "increase", "histogram_quantile"}, f[1]) {
			t.Errorf("%s: is %s a function?", where, f[1])
		}
	}
	for _, m := range selector.FindAllStringSubmatch(e, -1) {
		for _, one := range strings.Split(m[2], ",") {
			label := matcher.FindStringSubmatch(one)
			if m[2] != "" && (label == nil || !labels[m[1]][label[1]]) {
				t.Errorf("%s: %s has no label as in %s", where, m[1], one)
			}
		}
	}
	for _, g := range grouping.FindAllStringSubmatchIndex(e, -1) {
		for _, m := range selector.FindAllStringSubmatch(inside(e[g[1]:]), -1) {
			for _, by := range strings.Split(e[g[4]:g[5]], ", ") {
				if !labels[m[1]][by] {
					t.Errorf("%s: %s has no label %s to group by", where, m[1], by)
				}
			}
		}
	}
}

// inside is what stands before the bracket that closes; "" where none does.
func inside(s string) string {
	depth := 1
	for i, c := range s {
		switch c {
		case '(', '{', '[':
			depth++
		case ')', '}', ']':
			if depth--; depth == 0 {
				return s[:i]
			}
		}
	}
	return ""
}

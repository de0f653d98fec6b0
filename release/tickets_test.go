package release

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestFindTickets(t *testing.T) {
	jira := regexp.MustCompile(`\b[A-Z]+-[0-9]+\b`)
	for _, c := range []struct {
		pattern *regexp.Regexp
		texts   []string
		want    []string
	}{
		{jira, []string{"SHOP-12: a thing (SHOP-3)", "feature/SHOP-12-thing"}, []string{"SHOP-12", "SHOP-3"}},
		{jira, []string{"nothing", ""}, nil},
		{regexp.MustCompile(`AB#([0-9]+)`), []string{"fixes AB#42, AB#7"}, []string{"42", "7"}},
		{regexp.MustCompile(`(?s)x.*`), []string{"x\x1b[31m", "x" + strings.Repeat("y", 100)}, nil},
	} {
		if got := FindTickets(c.pattern, c.texts...); !slices.Equal(got, c.want) {
			t.Errorf("%s in %q finds %q, want %q", c.pattern, c.texts, got, c.want)
		}
	}
	var many strings.Builder
	for i := range 500 {
		many.WriteString("A-" + strings.Repeat("1", i%50+1) + string(rune('0'+i%10)) + " ")
	}
	if got := FindTickets(jira, many.String()); len(got) > maxTickets {
		t.Errorf("%d tickets", len(got))
	}
}

func TestTicketsAreKept(t *testing.T) {
	r := Release{App: "shop", Version: "1.4.0", Sequence: Sequence{Manual, 1}, Tickets: []string{"007", "SHOP-1", "null"}}
	data, err := MarshalAccepted(r)
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseAccepted(data)
	if err != nil || !slices.Equal(back.Tickets, r.Tickets) {
		t.Errorf("%q, %v from\n%s", back.Tickets, err, data)
	}
	r.Tickets = []string{"a\nb"}
	if err := r.Validate(); err == nil {
		t.Error("a ticket of two lines is valid")
	}
}

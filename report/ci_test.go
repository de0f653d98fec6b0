package report

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const ciReport = `{"schemaVersion":1,"result":"failed","changed":true,
 "promotions":[{"environment":"dev","unit":"shop","action":"open","commit":"c1","pullRequest":{"number":7,"url":"https://f/7","title":"t"},
  "apps":[{"app":"shop","release":{"version":"1.4\n::error::no","sequence":{"kind":"github","number":12}}}]}],
 "waiting":[{"app":"shop","environment":"qa","version":"1.4","reason":"soak\u001b[31m"}],
 "errors":["shop in dev: charts/shop/templates/a.yaml:4:2: 100% wrong\n##vso[task.setvariable variable=PATH]x"]}`

func outcomeOf(t *testing.T, text string) Outcome {
	t.Helper()
	o, err := ReadOutcome([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestOutputsOfARun(t *testing.T) {
	var b strings.Builder
	if err := Dotenv(&b, outcomeOf(t, ciReport).Outputs("r.json")); err != nil {
		t.Fatal(err)
	}
	want := "FERRY_CHANGED=true\nFERRY_RESULT=failed\nFERRY_RELEASE_ID=[\"shop/github-12\"]\nFERRY_ENVIRONMENTS=[\"dev\"]\nFERRY_PR_NUMBERS=[7]\nFERRY_PR_URLS=[\"https://f/7\"]\nFERRY_COMMIT_SHAS=[\"c1\"]\nFERRY_REPORT_PATH=r.json\n"
	if b.String() != want {
		t.Errorf("%s, want\n%s", b.String(), want)
	}
}

// Nothing that a stranger wrote becomes a command of the CI.
func TestCommandsOfCIsAreInert(t *testing.T) {
	o := outcomeOf(t, ciReport)
	var b strings.Builder
	if err := o.GitHub(&b); err != nil {
		t.Fatal(err)
	}
	want := "::group::dev\n  open shop 1.4 ::error::no https://f/7\n::endgroup::\n::group::qa\n  waiting shop 1.4 soak[31m\n::endgroup::\n" +
		"::error title=ferry,file=charts/shop/templates/a.yaml,line=4,col=2::shop in dev: charts/shop/templates/a.yaml:4:2: 100%25 wrong ##vso[task.setvariable variable=PATH]x\n"
	if b.String() != want {
		t.Errorf("%s, want\n%s", b.String(), want)
	}
	b.Reset()
	if err := o.Azure(&b, o.Outputs("r.json")); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "##vso[task.setvariable variable=ferryPrNumbers;isOutput=true][7]\n") ||
		!strings.Contains(b.String(), "##vso[task.logissue type=error;sourcepath=charts/shop/templates/a.yaml;linenumber=4;columnnumber=2;]shop in dev") {
		t.Error(b.String())
	}
	for l := range strings.Lines(b.String()) {
		if strings.Count(l, "##") > 1 || strings.LastIndex(l, "##") > 0 {
			t.Errorf("a line with more than one command: %s", l)
		}
	}
}

func TestNineAnnotationsAndTheNumberOfTheRest(t *testing.T) {
	var errs []string
	for i := range 25 {
		errs = append(errs, fmt.Sprintf("ferry.yaml:%d: wrong", i+1))
	}
	data, _ := json.Marshal(map[string]any{"errors": errs})
	var b strings.Builder
	if err := outcomeOf(t, string(data)).GitHub(&b); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "::error "); n != 10 || !strings.HasSuffix(b.String(), "::16 more in the report\n") {
		t.Errorf("%d annotations\n%s", n, b.String())
	}
}

func TestCodeQuality(t *testing.T) {
	o := outcomeOf(t, `{"valid":false,"problems":[{"file":"ferry.yaml","line":7,"column":5,"message":"there is no key \"merg\" here","hint":"did you mean \"merge\"?"},{"file":"","line":0,"message":"no place"}]}`)
	if o.Result != ResultFailed {
		t.Errorf("result %q", o.Result)
	}
	var b strings.Builder
	if err := o.CodeQuality(&b); err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	if err := json.Unmarshal([]byte(b.String()), &all); err != nil || len(all) != 2 {
		t.Fatal(b.String(), err)
	}
	for _, key := range []string{"description", "check_name", "fingerprint", "severity", "location"} {
		if all[0][key] == nil || all[0][key] == "" {
			t.Errorf("no %s in %v", key, all[0])
		}
	}
	if all[0]["fingerprint"] == all[1]["fingerprint"] || !strings.Contains(b.String(), `"begin": 7`) {
		t.Error(b.String())
	}
}

// GitLab fails a job whose dotenv report is larger than 5 KiB.
func TestDotenvHasRoom(t *testing.T) {
	var moves []string
	for i := range 300 {
		moves = append(moves, fmt.Sprintf(`{"environment":"dev","pullRequest":{"number":%d,"url":"https://gitlab.example.com/acme/gitops/-/merge_requests/%d"}}`, i+1, i+1))
	}
	o := outcomeOf(t, `{"result":"done","changed":true,"promotions":[`+strings.Join(moves, ",")+`]}`)
	var b strings.Builder
	if err := Dotenv(&b, o.Outputs("/builds/acme/gitops/ferry.json")); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 5<<10 || !strings.Contains(b.String(), "FERRY_PR_URLS=\n") || !strings.Contains(b.String(), "FERRY_PR_NUMBERS=[1,2,") || !strings.Contains(b.String(), "FERRY_REPORT_PATH=/builds") {
		t.Errorf("%d bytes\n%s", b.Len(), b.String())
	}
}

func TestFingerprintsAreUnique(t *testing.T) {
	problem := `{"file":"ferry.yaml","line":7,"message":"twice"}`
	var b strings.Builder
	if err := outcomeOf(t, `{"problems":[`+problem+`,`+problem+`]}`).CodeQuality(&b); err != nil {
		t.Fatal(err)
	}
	var all []struct{ Fingerprint string }
	if err := json.Unmarshal([]byte(b.String()), &all); err != nil || len(all) != 2 || all[0].Fingerprint == all[1].Fingerprint {
		t.Errorf("%v\n%s", err, b.String())
	}
}

// Azure's agent obeys ##vso and ##[ wherever they stand in a line.
func TestAzureIssues(t *testing.T) {
	var errs []string
	for i := range 12 {
		errs = append(errs, fmt.Sprintf(`"a;b].yaml:%d:3: ##vso[task.setvariable variable=PATH]x ###[error]y 100%%"`, i+1))
	}
	o := outcomeOf(t, `{"result":"superseded","waiting":[{"environment":"dev ##vso[x]","app":"shop"}],"errors":[`+strings.Join(errs, ",")+`]}`)
	var b strings.Builder
	if err := o.Azure(&b, nil); err != nil {
		t.Fatal(err)
	}
	out := b.String()
	if strings.Count(out, "type=error") != 10 || !strings.Contains(out, "]3 more in the report\n") || strings.Count(out, "type=warning") != 1 || !strings.Contains(out, "100%AZP25") {
		t.Error(out)
	}
	for l := range strings.Lines(out) {
		if i := strings.LastIndex(l, "##"); i > 0 {
			t.Errorf("a command in the middle of %s", l)
		}
	}
}

func TestPlain(t *testing.T) {
	var b strings.Builder
	if err := outcomeOf(t, `{"result":"waiting","waiting":[{"environment":"qa","app":"shop","version":"1.4","reason":"soak"}]}`).Plain(&b); err != nil {
		t.Fatal(err)
	}
	if b.String() != "qa\n  waiting shop 1.4 soak\nresult: waiting\n" {
		t.Error(b.String())
	}
}

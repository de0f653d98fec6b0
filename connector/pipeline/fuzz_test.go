package pipeline_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/connector/pipeline"
	"github.com/ferry-cd/ferry/release"
)

// known are all paths that a host may be asked for; what stands in them comes from connector.yaml, or is a number or an
// identifier of the host.
var known = regexp.MustCompile(`^/(` + strings.Join([]string{
	`api/v3/repos/acme/shop(/dispatches|/actions/workflows/go\.yml(/dispatches)?|/deployments(/[1-9][0-9]*/statuses)?)?`,
	`api/v4/(version|personal_access_tokens/self|projects/acme%2Fshop(/pipelines/41/jobs|/jobs/[1-9][0-9]*/play|/trigger/pipeline)?)`,
	`shop/_apis/(pipelines/12(/runs)?|build/builds(/77(/timeline)?)?|distributedtask/hubs/build/plans/[0-9A-Za-z-]+/events)`,
	`api/v1/repos/acme/shop/actions/workflows/go\.yml/dispatches`, `api/v1/repos/acme/shop`,
}, "|") + `)?$`)

// Whatever a host answers: it ends, what is said of it is one harmless text without the token, and nothing of the answer
// leads to another place than the operator's. Answers are parted by NUL; the last one is given again and again.
func FuzzAnswers(f *testing.F) {
	const secret = "a-token-that-nobody-sees"
	inputs := map[string]string{"key": "{key}"}
	hosts := []struct {
		built release.Sequence
		make  func(pipeline.Way) pipeline.Host
	}{
		{github7, func(w pipeline.Way) pipeline.Host { return pipeline.Workflow(w, "acme/shop", "go.yml", "main", inputs) }},
		{github7, func(w pipeline.Way) pipeline.Host { return pipeline.Event(w, "acme/shop", "ferry") }},
		{github7, func(w pipeline.Way) pipeline.Host { return pipeline.Deployment(w, "acme/shop") }},
		{gitlab41, func(w pipeline.Way) pipeline.Host { return pipeline.Trigger(w, "acme/shop", "main", inputs) }},
		{gitlab41, func(w pipeline.Way) pipeline.Host { return pipeline.ManualJob(w, "acme/shop", "go on", inputs) }},
		{azure77, func(w pipeline.Way) pipeline.Host { return pipeline.Run(w, "shop", 12, "main", inputs) }},
		{azure77, func(w pipeline.Way) pipeline.Host { return pipeline.Task(w, "shop", "wait for dev") }},
		{github7, func(w pipeline.Way) pipeline.Host {
			return pipeline.GiteaWorkflow(w, "acme/shop", "go.yml", "main", inputs)
		}},
		{github7, func(w pipeline.Way) pipeline.Host { return pipeline.Webhook(w, keys(secret)) }},
	}
	for _, seed := range []struct {
		host    uint8
		code    uint16
		answers string
	}{
		{0, 404, `{"message":"Not Found"}`}, {0, 422, `{"message":"No ref found for: main","errors":[{"message":"a"}]}`}, {1, 204, ``},
		{2, 200, `[]` + "\x00" + `{"id":5}` + "\x00" + `[{"state":"success","description":"x"}]` + "\x00" + `{}`}, {2, 200, `[{"id":7}]` + "\x00" + `null` + "\x00" + `{}`}, {2, 200, "[]\x00{}"},
		{3, 201, `{"id":1}`}, {3, 400, `{"message":{"base":["Reference not found"]}}`},
		{4, 200, `[{"id":9,"name":"go on","status":"manual"}]` + "\x00" + `{}`}, {4, 200, `{"permissions":{"project_access":null,"group_access":{"access_level":20}}}` + "\x00" + `{"scopes":["read_api"]}`}, {4, 200, `[{"id":-1,"name":"go on"}]`},
		{5, 200, `{"id":1}`}, {5, 203, `<html>Sign in</html>`},
		{6, 200, `{"status":"inProgress","orchestrationPlan":{"planId":"d5e1"}}` + "\x00" + `{"records":[{"id":"t1","parentId":"j1","type":"Task","name":"wait for dev","state":"inProgress"}]}` + "\x00" + ``},
		{6, 200, `{"orchestrationPlan":{"planId":"../../../x"}}` + "\x00" + `{"records":[{"type":"Task","name":"wait for dev","state":"inProgress"}]}`}, {6, 200, `{"status":"completed"}`},
		{7, 204, ``}, {8, 200, ``}, {8, 307, `x`}, {8, 410, "\x1b[31m" + secret},
	} {
		f.Add(seed.host, seed.code, seed.answers)
	}
	var (
		mu    sync.Mutex // guards the script of the exchange
		reply int
		lines []string
		asked []string
	)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		line := lines[min(len(asked), len(lines)-1)]
		asked = append(asked, r.URL.EscapedPath())
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(reply)
		_, _ = w.Write([]byte(line))
	}))
	f.Cleanup(server.Close)
	f.Fuzz(func(t *testing.T, host uint8, code uint16, answers string) {
		if code < 200 || code > 599 || len(answers) > 1<<16 {
			return
		}
		mu.Lock()
		reply, lines, asked = int(code), strings.Split(answers, "\x00"), nil
		mu.Unlock()
		one := hosts[int(host)%len(hosts)]
		w := pipeline.Way{URL: server.URL, Token: tokens(secret)[0], AllowPrivate: true, Now: func() time.Time { return noon }, Sleep: func(context.Context, time.Duration) error { return nil }}
		h := one.make(w)
		told := pipeline.New(nil, pipeline.Pipeline{Name: "p", Host: h, When: connector.Ends}).Continue(t.Context(), verdict(connector.Healthy, one.built))
		said, tried := h.Try(t.Context())
		for _, text := range []string{said, words(told), words(tried)} {
			if strings.Contains(text, secret) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f }) {
				t.Errorf("it says %q", text)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		for _, path := range asked {
			if !known.MatchString(path) {
				t.Errorf("it asked for %s", path)
			}
		}
		if len(asked) > 130 {
			t.Errorf("it asked %d times", len(asked))
		}
	})
}

func words(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

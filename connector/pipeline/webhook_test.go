package pipeline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/connector/pipeline"
)

// The signatures are those that Standard Webhooks' own library takes, with each of two keys, and with no other.
func TestStandardWebhooks(t *testing.T) {
	var heads []http.Header
	var bodies [][]byte
	c := consume(t, func(h http.Header, body []byte) error {
		heads, bodies = append(heads, h.Clone()), append(bodies, bytes.Clone(body))
		return nil
	})
	const older, newer = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
	w := pipeline.Way{URL: c.URL, AllowPrivate: true}
	if err := tell(t, pipeline.Webhook(w, keys(newer, older)), verdict(connector.Superseded, github7)); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]bool{older: true, newer: true, "whsec_" + strings.Repeat("QUFB", 8): false} {
		hook, err := standardwebhooks.NewWebhook(key)
		if err != nil {
			t.Fatal(err)
		}
		if err := hook.Verify(bodies[0], heads[0]); (err == nil) != want {
			t.Errorf("%s: %v", key, err)
		}
	}
	hook, _ := standardwebhooks.NewWebhook(older)
	if err := hook.Verify(append(bodies[0], ' '), heads[0]); err == nil {
		t.Error("a changed body is taken")
	}
}

func TestWebhookWithoutKey(t *testing.T) {
	w := pipeline.Way{URL: "http://127.0.0.1:1", AllowPrivate: true}
	if err := tell(t, pipeline.Webhook(w, keys("", "whsec_")), verdict(connector.Healthy, github7)); err == nil || !strings.Contains(err.Error(), "no key signs the message") {
		t.Errorf("got %v", err)
	}
}

// The body, as receivers read it.
func TestMessage(t *testing.T) {
	var got bytes.Buffer
	c := consume(t, func(_ http.Header, body []byte) error {
		got.Reset()
		return json.Indent(&got, body, "", "  ")
	})
	w := pipeline.Way{URL: c.URL, AllowPrivate: true, Now: func() time.Time { return noon }}
	v := verdict(connector.TimedOut, github7)
	v.Text, v.Cluster, v.By, v.URL = "1 of 2 units healthy; Deployment web: ImagePullBackOff\x1b[31m", "eu-1", strings.Repeat("b", 40), "https://ferry.example/"
	p := pipeline.New(nil, pipeline.Pipeline{Name: "p", Host: pipeline.Webhook(w, keys("key")), When: connector.Ends, Advance: true})
	for file, say := range map[string]func() error{
		"promotion.json": func() error { return p.Continue(context.Background(), v) },
		"advance.json":   func() error { return p.Advance(context.Background(), v.Repository, "dev/shop became healthy") },
	} {
		if err := say(); err != nil {
			t.Fatal(err)
		}
		got.WriteByte('\n')
		file = "testdata/" + file
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
	}
}

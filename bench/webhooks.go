package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const webhookKey = "bench-key"

// volley is what came of many webhooks.
type volley struct {
	took    []time.Duration
	refused int
	err     error // of the first that was not answered
}

func (v volley) p99() time.Duration {
	all := slices.Sorted(slices.Values(v.took))
	return all[(len(all)*99+99)/100-1]
}

// load sends events at a steady rate, whatever the answers take: the time of each counts from when it was due, so that a
// pause is felt by all that fall into it.
func (c *connectorRun) load(ctx context.Context, units int, length time.Duration) (volley, error) {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: webhookRate}}
	defer client.CloseIdleConnections()
	var (
		mu   sync.Mutex
		all  sync.WaitGroup
		sent volley
	)
	begin, count := time.Now(), int(length.Seconds()*webhookRate)
	for n := range count {
		due := begin.Add(time.Duration(n) * time.Second / webhookRate)
		time.Sleep(time.Until(due))
		all.Go(func() {
			code, err := post(ctx, client, "http://"+c.hooks+"/flux", fluxEvent(n, n%units, due))
			mu.Lock()
			defer mu.Unlock()
			sent.took = append(sent.took, time.Since(due))
			if code != http.StatusAccepted {
				sent.refused++
			}
			if sent.err == nil {
				sent.err = err
			}
		})
	}
	all.Wait()
	return sent, sent.err
}

// fluxEvent is about one of the units; no two are alike.
func fluxEvent(n, unit int, at time.Time) string {
	return fmt.Sprintf(`{"involvedObject":{"kind":"Kustomization","namespace":"flux-system","name":"unit-%04d","apiVersion":"kustomize.toolkit.fluxcd.io/v1"},`+
		`"severity":"info","timestamp":%q,"reason":"ReconciliationSucceeded","message":"Reconciliation %d finished","metadata":{"revision":"main@sha1:%040d"}}`,
		unit, at.UTC().Format(time.RFC3339), n, n)
}

// post signs as notification-controller does for a provider of type generic-hmac.
func post(ctx context.Context, client *http.Client, url, body string) (int, error) {
	mac := hmac.New(sha256.New, []byte(webhookKey))
	mac.Write([]byte(body))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	res, err := client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("send a webhook: %w", err)
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}

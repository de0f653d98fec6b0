package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	fleetURL     = "https://git.example.com/acme/gitops"
	webhookRate  = 200 // a second
	readyBar     = 2 * time.Second
	webhookBar   = 100 * time.Millisecond
	connectorBar = 256_000_000
	patience     = time.Minute // until a connector is ready, or has ended
)

// connector measures the connector between a cluster on loopback and a repository on disk: how soon it is ready, and what
// webhooks cost it while it watches many units. No peer receives signed webhooks of both engines.
func (b *bench) connector(ctx context.Context) error {
	units, load, starts := 5000, time.Minute, 5
	if b.smoke {
		units, load, starts = 200, 2*time.Second, 1
	}
	repo, revision, err := b.fleetRepository(ctx)
	if err != nil {
		return err
	}
	ready, err := repeat(starts, func() (cost, error) {
		c, err := b.startConnector(ctx, repo, fleet{1, revision})
		if err != nil {
			return cost{}, err
		}
		return c.stop()
	})
	if err != nil {
		return err
	}
	c, err := b.startConnector(ctx, repo, fleet{units, revision})
	if err != nil {
		return err
	}
	sent, err := c.load(ctx, units, load)
	err = errors.Join(err, c.watches(ctx, units))
	all, stopped := c.stop()
	if err := errors.Join(err, stopped); err != nil {
		return err
	}
	b.connectorRows(ready, all, sent, fmt.Sprintf("connector: %d signed webhooks a second for %s, %d units watched", webhookRate, load, units))
	return nil
}

func (b *bench) connectorRows(ready, all cost, sent volley, what string) {
	slow := sent.p99()
	answers := millis(slow)
	if sent.refused > 0 {
		answers += fmt.Sprintf(", %d of %d refused", sent.refused, len(sent.took))
	}
	b.rows = append(b.rows,
		row{what: "connector: from its start until it is ready", bar: "<= " + seconds(readyBar), ferry: seconds(ready.wall), kept: ready.wall <= readyBar},
		row{what: what + ", p99", bar: "<= " + millis(webhookBar), ferry: answers, kept: slow <= webhookBar && sent.refused == 0},
		row{what: what + ", memory", bar: "<= " + megabytes(connectorBar), ferry: megabytes(all.rss), kept: all.rss <= connectorBar},
		row{what: what + ", CPU", ferry: seconds(all.cpu), kept: true})
}

// fleetRepository makes the GitOps repository that the cluster applies, and gives the revision of its head as Flux writes it.
func (b *bench) fleetRepository(ctx context.Context) (repo, revision string, err error) {
	repo = filepath.Join(b.dir, "fleet.git")
	if out, err := exec.CommandContext(ctx, "git", "init", "--quiet", "--bare", "--initial-branch=main", repo).CombinedOutput(); err != nil {
		return "", "", fmt.Errorf("git init: %w\n%s", err, out)
	}
	if err := makeGitops(ctx, repo, small); err != nil {
		return "", "", err
	}
	head, err := exec.CommandContext(ctx, "git", "-C", repo, "rev-parse", "main").Output()
	if err != nil {
		return "", "", fmt.Errorf("git rev-parse: %w", err)
	}
	return repo, "main@sha1:" + strings.TrimSpace(string(head)), nil
}

// connectorRun is a connector at work.
type connectorRun struct {
	cmd     *exec.Cmd
	server  *httptest.Server
	said    bytes.Buffer // to be read when it has ended
	ended   chan error
	hooks   string // address
	metrics string
	ready   time.Duration
}

// startConnector starts one and waits until it is ready.
func (b *bench) startConnector(ctx context.Context, repo string, f fleet) (*connectorRun, error) {
	c := &connectorRun{server: httptest.NewServer(f), ended: make(chan error, 1)}
	dir, err := os.MkdirTemp(b.dir, "connector-")
	if err == nil {
		err = c.configure(dir, repo)
	}
	if err != nil {
		c.server.Close()
		return nil, err
	}
	c.cmd = exec.CommandContext(ctx, b.ferry, "connector", "--alone")
	c.cmd.Dir, c.cmd.Stdout, c.cmd.Stderr = dir, &c.said, &c.said
	c.cmd.Env = append(plainEnv(), "HOME="+dir, "KUBECONFIG="+filepath.Join(dir, "kubeconfig"))
	began := time.Now()
	if err := c.cmd.Start(); err != nil {
		c.server.Close()
		return nil, err
	}
	go func() { c.ended <- c.cmd.Wait() }()
	if err := c.await(ctx, began); err != nil {
		_, stopped := c.stop()
		return nil, errors.Join(err, stopped)
	}
	return c, nil
}

// configure writes what a connector reads.
func (c *connectorRun) configure(dir, repo string) error {
	var err error
	if c.hooks, err = freeAddress(); err != nil {
		return err
	}
	if c.metrics, err = freeAddress(); err != nil {
		return err
	}
	for name, text := range map[string]string{
		"key": webhookKey,
		"kubeconfig": fmt.Sprintf("apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: %q}}]\nusers: [{name: u, user: {token: t}}]\n"+
			"contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n", c.server.URL),
		"connector.yaml": fmt.Sprintf("version: 1\nrepositories: [{url: %q, addresses: [%q]}]\nwebhooks: {listen: %q, signing: [{file: key}]}\nmetrics: {listen: %q}\n",
			repo, fleetURL, c.hooks, c.metrics),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// await asks again and again whether the connector is ready.
func (c *connectorRun) await(ctx context.Context, began time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if code, _ := get(ctx, "http://"+c.metrics+"/readyz"); code == http.StatusOK {
			c.ready = time.Since(began)
			return nil
		}
		select {
		case err := <-c.ended:
			c.ended <- err
			return errors.New("the connector ended before it was ready")
		case <-ctx.Done():
			return fmt.Errorf("the connector is not ready: %w", ctx.Err())
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// watches sees that all units were read: memory for fewer would be nothing to be proud of.
func (c *connectorRun) watches(ctx context.Context, units int) error {
	_, text := get(ctx, "http://"+c.metrics+"/metrics")
	if want := fmt.Sprintf("ferry_connector_units{engine=\"flux\",kind=\"Kustomization\"} %d\n", units); !strings.Contains(text, want) {
		return fmt.Errorf("the connector does not say that it watches %d units", units)
	}
	return nil
}

// get gives no code where nobody answers.
func get(ctx context.Context, url string) (code int, text string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, ""
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, ""
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body) // what is cut off matches nothing
	return res.StatusCode, string(body)
}

// stop ends the connector as Kubernetes does, and gives what it took; wall is the time until it was ready.
func (c *connectorRun) stop() (cost, error) {
	defer c.server.Close()
	defer c.server.CloseClientConnections()
	_ = c.cmd.Process.Signal(syscall.SIGTERM) // one that has ended is told by its error below
	kill := time.AfterFunc(patience, func() { _ = c.cmd.Process.Kill() })
	defer kill.Stop()
	if err := <-c.ended; err != nil {
		return cost{}, fmt.Errorf("ferry connector: %w\n%s", err, c.said.String())
	}
	state := c.cmd.ProcessState
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return cost{}, errors.New("ferry connector: this system does not tell what a process used")
	}
	return cost{c.ready, state.UserTime() + state.SystemTime(), usage.Maxrss * rssUnit}, nil
}

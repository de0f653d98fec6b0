package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ferry-cd/ferry/connector/cluster/clustertest"
)

// TestConnectorStories run the program as a connector between an API server in memory and the embedded forge.
func TestConnectorStories(t *testing.T) {
	stories, err := filepath.Abs("../../testdata/connector")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 stories,
		RequireExplicitExec: true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"kube": kube, "await": await, "get": get, "post": post, "signed": signed, "expand": expand},
		Setup: func(env *testscript.Env) error {
			s := clustertest.New(t)
			env.Values[serverKey{}] = s
			for name, value := range map[string]string{"TESTDATA": filepath.Dir(stories), "NO_COLOR": "1", "KUBECONFIG": s.Kubeconfig(t), "GIT_CONFIG_GLOBAL": filepath.Join(env.WorkDir, ".gitconfig"),
				"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com", "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.com",
				"HOOKS": freePort(t), "METRICS": freePort(t)} {
				env.Setenv(name, value)
			}
			return os.WriteFile(filepath.Join(env.WorkDir, ".gitconfig"), []byte("[init]\n\tdefaultBranch = main\n[safe]\n\tdirectory = *\n"), 0o600)
		},
	})
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// kube changes the cluster: "kube flux" installs Flux's kinds, "kube sync NAME PATH" has a Kustomization apply a folder at
// the head of gitops.git's main, "kube fail NAME PATH TEXT" has it fail there, "kube refuse RIGHT" takes a right away,
// "kube asked RIGHT" waits until somebody made use of one. "kube argocd NAME" installs Argo CD's kind with an Application that
// applies a Deployment of that name.
func kube(ts *testscript.TestScript, neg bool, args []string) {
	s := ts.Value(serverKey{}).(*clustertest.Server)
	switch args[0] {
	case "flux":
		s.Serve("kustomize.toolkit.fluxcd.io", "v1", "kustomizations", "Kustomization")
		s.Serve("source.toolkit.fluxcd.io", "v1", "gitrepositories", "GitRepository")
		s.Serve("coordination.k8s.io", "v1", "leases", "Lease")
	case "argocd":
		s.Serve("argoproj.io", "v1alpha1", "applications", "Application")
		s.Put("argoproj.io", "v1alpha1", "applications", map[string]any{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": map[string]any{"namespace": "argocd", "name": args[1]},
			"status": map[string]any{"resources": []any{map[string]any{"group": "apps", "version": "v1", "kind": "Deployment", "namespace": args[1], "name": args[1]}}}})
	case "refuse":
		s.Refuse(args[1], true)
	case "asked":
		for deadline := time.Now().Add(time.Minute); !slices.Contains(s.Asked(), args[1]); time.Sleep(50 * time.Millisecond) {
			if neg || time.Now().After(deadline) {
				break
			}
		}
		if slices.Contains(s.Asked(), args[1]) == neg {
			ts.Fatalf("the cluster was asked to %q", s.Asked())
		}
	case "sync":
		ready := map[string]any{"type": "Ready", "status": "True", "reason": "ReconciliationSucceeded", "message": "Applied"}
		kustomization(ts, s, args[1], args[2], ready, map[string]any{"type": "Healthy", "status": "True", "reason": "Succeeded"})
	case "fail":
		kustomization(ts, s, args[1], args[2], map[string]any{"type": "Ready", "status": "False", "reason": "HealthCheckFailed", "message": args[3]},
			map[string]any{"type": "Healthy", "status": "False", "reason": "HealthCheckFailed", "message": args[3]})
	default:
		ts.Fatalf("kube %s?", args[0])
	}
}

func kustomization(ts *testscript.TestScript, s *clustertest.Server, name, path string, conditions ...any) {
	out, err := exec.Command("git", "-C", ts.MkAbs("gitops.git"), "rev-parse", "main").Output()
	ts.Check(err)
	revision := "main@sha1:" + strings.TrimSpace(string(out))
	now := time.Now().UTC().Format(time.RFC3339)
	for _, c := range conditions {
		c.(map[string]any)["lastTransitionTime"], c.(map[string]any)["observedGeneration"] = now, int64(1)
	}
	s.Put("source.toolkit.fluxcd.io", "v1", "gitrepositories", map[string]any{"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
		"metadata": map[string]any{"name": "fleet", "namespace": "flux-system", "generation": int64(1)},
		"spec":     map[string]any{"url": "https://git.example.com/acme/gitops", "ref": map[string]any{"branch": "main"}},
		"status":   map[string]any{"observedGeneration": int64(1), "artifact": map[string]any{"revision": revision}}})
	s.Put("kustomize.toolkit.fluxcd.io", "v1", "kustomizations", map[string]any{"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
		"metadata": map[string]any{"name": name, "namespace": "flux-system", "uid": name, "generation": int64(1)},
		"spec":     map[string]any{"path": path, "wait": true, "prune": true, "interval": "1m", "sourceRef": map[string]any{"kind": "GitRepository", "name": "fleet"}},
		"status":   map[string]any{"observedGeneration": int64(1), "lastAppliedRevision": revision, "lastAttemptedRevision": revision, "conditions": conditions}})
}

// await runs a program until what it prints matches: await PATTERN PROGRAM ARGS...
func await(ts *testscript.TestScript, _ bool, args []string) {
	pattern, said := regexp.MustCompile(args[0]), ""
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		out := exec.Command(args[1], args[2:]...)
		out.Dir, out.Env = ts.MkAbs("."), environ(ts)
		text, _ := out.CombinedOutput()
		if said = string(text); pattern.MatchString(said) {
			return
		}
	}
	ts.Fatalf("%q never printed %s; it says\n%s", args[1:], args[0], said)
}

func environ(ts *testscript.TestScript) []string {
	out := []string{"PATH=" + ts.Getenv("PATH")}
	for _, name := range []string{"HOME", "NO_COLOR", "KUBECONFIG", "GIT_CONFIG_GLOBAL", "FERRY_REPO", "TMPDIR"} {
		out = append(out, name+"="+ts.Getenv(name))
	}
	return out
}

// get asks until an answer matches: get URL PATTERN [TOKEN]
func get(ts *testscript.TestScript, _ bool, args []string) {
	pattern, said := regexp.MustCompile(args[1]), ""
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		req, err := http.NewRequest(http.MethodGet, args[0], nil)
		ts.Check(err)
		if len(args) > 2 {
			req.Header.Set("Authorization", "Bearer "+args[2])
		}
		if said = answered(req); pattern.MatchString(said) {
			return
		}
	}
	ts.Fatalf("%s never answered %s, but\n%s", args[0], args[1], said)
}

// post sends a file as JSON once: post URL FILE TOKEN PATTERN
func post(ts *testscript.TestScript, _ bool, args []string) {
	req, err := http.NewRequest(http.MethodPost, args[0], strings.NewReader(ts.ReadFile(args[1])))
	ts.Check(err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+args[2])
	if said := answered(req); !regexp.MustCompile(args[3]).MatchString(said) {
		ts.Fatalf("%s answered %s", args[0], said)
	}
}

// signed sends a Flux event about a Kustomization as notification-controller does for a provider of type generic-hmac:
// signed URL NAME KEYFILE PATTERN
func signed(ts *testscript.TestScript, _ bool, args []string) {
	body := fmt.Sprintf(`{"involvedObject":{"kind":"Kustomization","namespace":"flux-system","name":%q},"severity":"info","timestamp":%q,"reason":"ReconciliationSucceeded","message":"Applied"}`,
		args[1], time.Now().UTC().Format(time.RFC3339Nano))
	mac := hmac.New(sha256.New, []byte(strings.TrimSpace(ts.ReadFile(args[2]))))
	mac.Write([]byte(body))
	req, err := http.NewRequest(http.MethodPost, args[0], strings.NewReader(body))
	ts.Check(err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	if said := answered(req); !regexp.MustCompile(args[3]).MatchString(said) {
		ts.Fatalf("%s answered %s", args[0], said)
	}
}

func answered(req *http.Request) string {
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return fmt.Sprint(res.StatusCode, " ", string(body))
}

// expand fills the story's variables into files.
func expand(ts *testscript.TestScript, _ bool, files []string) {
	for _, file := range files {
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(os.Expand(ts.ReadFile(file), ts.Getenv)), 0o600))
	}
}

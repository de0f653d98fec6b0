package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ferry-cd/ferry/connector/cluster"
	"github.com/ferry-cd/ferry/connector/cluster/clustertest"
	"github.com/ferry-cd/ferry/git/gittest"
)

// The program as a connector on a real API server, by make e2e-connector, with Flux's controllers where they run, as a service
// account that may do what the chart grants and no more.
func TestConnectorEndToEnd(t *testing.T) {
	kubeconfig := clustertest.RealKubeconfig(t)
	clusterStories(t, func(t *testing.T, dir string) *clustertest.Stage {
		s := clustertest.NewStage(t, kubeconfig, dir)
		s.Grant(chartOn(t, s))
		s.Kubeconfig = s.As("ferry-connector")
		s.Await("the rights that the chart grants", func() bool { return len(missing(s, s.Kubeconfig, s.Namespace)) == 0 })
		return s
	})
}

// The same stories without controllers and rights, so that they are known to work before anybody has a cluster.
func TestConnectorEndToEndInMemory(t *testing.T) {
	clusterStories(t, func(t *testing.T, dir string) *clustertest.Stage { return clustertest.New(t).Stage(t, dir) })
}

type stageKey struct{}

func clusterStories(t *testing.T, stage func(t *testing.T, dir string) *clustertest.Stage) {
	stories, err := filepath.Abs("../../testdata/cluster")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 stories,
		RequireExplicitExec: true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"flux": fluxCommand, "await": await, "get": get, "expand": expand},
		Setup: func(env *testscript.Env) error {
			dir := filepath.Join(env.WorkDir, "gitops.git")
			if err := os.Mkdir(dir, 0o700); err != nil {
				return err
			}
			s := stage(t, dir)
			env.Values[stageKey{}] = s
			for name, value := range map[string]string{"NO_COLOR": "1", "KUBECONFIG": s.Kubeconfig, "NAMESPACE": s.Namespace, "URL": s.URL, "GIT_CONFIG_GLOBAL": filepath.Join(env.WorkDir, ".gitconfig"),
				"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com", "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.com",
				"METRICS": freePort(t), "METRICS2": freePort(t)} {
				env.Setenv(name, value)
			}
			return os.WriteFile(filepath.Join(env.WorkDir, ".gitconfig"), []byte("[init]\n\tdefaultBranch = main\n[safe]\n\tdirectory = *\n"), 0o600)
		},
	})
}

// fluxCommand has Flux work: "flux follow PATH" has it apply a folder from now on, "flux sync" has it apply the head of
// gitops.git's main, "flux fail REASON TEXT" has it try that and fail.
func fluxCommand(ts *testscript.TestScript, _ bool, args []string) {
	s := ts.Value(stageKey{}).(*clustertest.Stage)
	head, err := exec.Command("git", "-C", s.Dir, "rev-parse", "main").Output()
	ts.Check(err)
	sha := strings.TrimSpace(string(head))
	switch args[0] {
	case "follow":
		s.Follow(args[1])
	case "sync":
		s.Take(sha, "True", "ReconciliationSucceeded", "Applied revision: main@sha1:"+sha)
	case "fail":
		s.Take(sha, "False", args[1], args[2])
	default:
		ts.Fatalf("flux %s?", args[0])
	}
}

// chartOn renders the chart as it is installed in a stage's namespace, by default to watch that alone.
func chartOn(t *testing.T, s *clustertest.Stage, args ...string) []map[string]any {
	t.Helper()
	if len(args) == 0 {
		args = []string{"--set", "namespaces[0]=" + s.Namespace}
	}
	return chart(t, append([]string{"--namespace", s.Namespace}, args...)...)
}

// missing asks as somebody which rights are, in these namespaces or in all.
func missing(s *clustertest.Stage, kubeconfig string, namespaces ...string) []string {
	s.Helper()
	access, err := cluster.Connect(kubeconfig, "", "ferry-e2e")
	s.Must(err)
	_, problems, err := cluster.Missing(s.Context(), access, namespaces, &cluster.Election{Namespace: s.Namespace, Name: "ferry-connector"})
	s.Must(err)
	var out []string
	for _, p := range problems {
		out = append(out, p.Text)
	}
	return out
}

// The rights that the chart grants are enough, in one namespace and in all, and each that is missing is named: asked of a real
// API server by ferry connector check, as a service account.
func TestConnectorRights(t *testing.T) {
	kubeconfig := clustertest.RealKubeconfig(t)
	s := clustertest.NewStage(t, kubeconfig, gittest.Bare(t, map[string]string{"ferry.yaml": "version: 1\ndefaults: {kubernetes: {version: \"1.34\"}}\nenvironments: [{name: dev}]\n"}))
	everywhere := s.Namespace + "-ferry-connector" // of the chart that watches all namespaces
	all := chartOn(t, s, "--name", everywhere, "--set", "serviceAccount.name=everywhere")
	one := chartOn(t, s)
	s.Grant(slices.Concat(ofKind(all, "ServiceAccount"), ofKind(one, "ServiceAccount")))
	somebody := s.As("ferry-connector")
	if len(missing(s, somebody, s.Namespace)) == 0 {
		t.Skip("this API server allows everything to everybody (it runs without --authorization-mode=RBAC): there are no rights to be missing")
	}
	check := func(want ...string) { t.Helper(); findings(s, somebody, "ferry-connector", s.Namespace, want...) }
	here := " in namespace " + s.Namespace
	watching := "no right to get, list, watch on kustomizations.kustomize.toolkit.fluxcd.io" + here
	check(watching, "no right to get, list, watch on gitrepositories.source.toolkit.fluxcd.io"+here, "no right to create on leases.coordination.k8s.io"+here, "no right to get, update on leases.coordination.k8s.io named ferry-connector"+here)
	s.Grant(except(one, "ServiceAccount"))
	check()
	s.Forbid("ferry-connector", "watch", "kustomizations")
	check("no right to watch on kustomizations.kustomize.toolkit.fluxcd.io" + here)
	s.Forbid("ferry-connector", "get", "kustomizations")
	s.Forbid("ferry-connector", "list", "kustomizations")
	s.Forbid("ferry-connector-election", "update", "leases")
	check(watching, "no right to update on leases.coordination.k8s.io named ferry-connector"+here)

	somebody = s.As("everywhere")
	s.Grant(except(all, "ServiceAccount"))
	findings(s, somebody, everywhere, "")
	s.Forbid(everywhere+"-election", "create", "leases")
	findings(s, somebody, everywhere, "", "no right to create on leases.coordination.k8s.io"+here)
}

func except(docs []map[string]any, kind string) []map[string]any {
	return slices.DeleteFunc(slices.Clone(docs), func(d map[string]any) bool { return d["kind"] == kind })
}

// findings waits until ferry connector check, asked as somebody, names these failures: none at all, or these among those of kinds that
// the cluster has beside them. An API server takes a moment to know of new rights.
func findings(s *clustertest.Stage, kubeconfig, lease, namespace string, want ...string) {
	s.Helper()
	dir := s.TempDir()
	text := fmt.Sprintf("version: 1\nrepositories: [{url: %q}]\n", s.Dir)
	if namespace != "" {
		text += "namespaces: [" + namespace + "]\n"
	}
	s.Must(os.WriteFile(filepath.Join(dir, "connector.yaml"), []byte(text), 0o600))
	var out bytes.Buffer
	defer func() { s.Logf("ferry connector check said:\n%s", out.String()) }()
	s.Await("a check that names "+strings.Join(want, "; "), func() bool {
		out.Reset()
		a := &app{In: strings.NewReader(""), Out: &out, Err: &out, Now: time.Now, Getenv: func(string) string { return "" }, Dir: dir}
		code := a.main(s.Context(), []string{"ferry", "connector", "check", "--config", "connector.yaml", "--kubeconfig", kubeconfig, "--namespace", s.Namespace, "--lease", lease})
		named := !slices.ContainsFunc(want, func(w string) bool { return !strings.Contains(out.String(), w) })
		return named && (code == exitOK) == (len(want) == 0) && strings.Contains(out.String(), "FAIL") == (len(want) > 0)
	})
}

package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// ran runs one command line in this process, in a folder, with nothing around it but env: what it wrote, what it said, its exit code.
func ran(ctx context.Context, dir string, env map[string]string, args ...string) (out, said string, code int) {
	var stdout, stderr strings.Builder
	a := &app{In: strings.NewReader(""), Out: &stdout, Err: &stderr, Now: time.Now, Getenv: func(name string) string { return env[name] }, Dir: dir}
	code = a.main(ctx, append([]string{"ferry"}, args...))
	return stdout.String(), stderr.String(), code
}

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"ferry":     func() { os.Exit(run()) },
		"setstatus": func() { os.Exit(setStatus()) },
		"renderall": func() { os.Exit(renderAll()) },
	})
}

// TestScript runs the stories under testdata/script; -update rewrites what their cmp lines expect.
func TestScript(t *testing.T) {
	dir, err := filepath.Abs("../../testdata")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join(dir, "script"),
		UpdateScripts:       os.Getenv("UPDATE") != "",
		RequireExplicitExec: true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"registry": registryCommand, "charts": chartsCommand},
		Setup: func(env *testscript.Env) error {
			env.Values[serverKey{}], env.Values[chartsKey{}] = &stand{}, &chartStand{}
			env.Setenv("TESTDATA", dir)
			env.Setenv("NO_COLOR", "1")
			env.Setenv("GIT_CONFIG_GLOBAL", filepath.Join(env.WorkDir, ".gitconfig"))
			env.Setenv("GIT_AUTHOR_NAME", "Ada")
			env.Setenv("GIT_AUTHOR_EMAIL", "ada@example.com")
			env.Setenv("GIT_COMMITTER_NAME", "Ada")
			env.Setenv("GIT_COMMITTER_EMAIL", "ada@example.com")
			return os.WriteFile(filepath.Join(env.WorkDir, ".gitconfig"), []byte("[init]\n\tdefaultBranch = main\n[safe]\n\tdirectory = *\n"), 0o600)
		},
	})
}

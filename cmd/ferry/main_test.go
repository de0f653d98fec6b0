package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

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

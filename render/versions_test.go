package render_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/mod/modfile"
)

// TestRenderersKeepTheirLibraries compares the libraries that decide what a chart or an overlay renders to with those that
// Helm and kustomize are released with: a dependency of ours that raises one of them changes bytes. spf13/cast from 1.8 on reads
// "1.9" as the integer 1, before as 0, and so does {{ int "1.9" }}.
func TestRenderersKeepTheirLibraries(t *testing.T) {
	same := map[string]string{"github.com/spf13/cast": "v1.7.1"} // raised by one that we looked at: it reads every number as 1.7.0 does
	decide := map[string][]string{
		"helm.sh/helm/v3": {"github.com/Masterminds/sprig/v3", "github.com/Masterminds/semver/v3", "github.com/Masterminds/goutils", "github.com/BurntSushi/toml", "github.com/huandu/xstrings",
			"github.com/mitchellh/copystructure", "github.com/shopspring/decimal", "github.com/spf13/cast", "dario.cat/mergo", "sigs.k8s.io/yaml"},
		"sigs.k8s.io/kustomize/api": {"sigs.k8s.io/kustomize/kyaml", "github.com/blang/semver/v4", "sigs.k8s.io/yaml"},
	}
	for parent, libraries := range decide {
		theirs := required(t, parent)
		for _, library := range libraries {
			want, have := theirs[library], module(t, library).Version
			if want == "" || have != want && have != same[library] {
				t.Errorf("%s is %s here, and %s where %s is released", library, have, want, parent)
			}
		}
	}
}

type listed struct{ Version, GoMod string }

func module(t *testing.T, name string) listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-json", name).Output()
	if err != nil {
		t.Fatal(name, err)
	}
	var m listed
	if err := json.Unmarshal(out, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// required reads what the go.mod of a library asks for.
func required(t *testing.T, name string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(module(t, name).GoMod)
	if err != nil {
		t.Fatal(err)
	}
	f, err := modfile.Parse("go.mod", data, nil)
	if err != nil {
		t.Fatal(err)
	}
	versions := map[string]string{}
	for _, r := range f.Require {
		versions[r.Mod.Path] = r.Mod.Version
	}
	return versions
}

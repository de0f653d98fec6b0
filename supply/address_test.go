package supply

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseRemote(t *testing.T) {
	for entry, want := range map[string]remoteBase{
		"https://github.com/acme/base//deploy?ref=v1.2.0":             {Repository: "https://github.com/acme/base", Dir: "deploy", Ref: "v1.2.0"},
		"https://github.com/acme/base/deploy/prod?ref=v1":             {Repository: "https://github.com/acme/base", Dir: "deploy/prod", Ref: "v1"},
		"github.com/acme/base?ref=v1":                                 {Repository: "https://github.com/acme/base", Dir: ".", Ref: "v1"},
		"github.com/acme/base/deploy":                                 {Repository: "https://github.com/acme/base", Dir: "deploy"},
		"github.com:acme/base.git//x?version=v2&timeout=9":            {Repository: "https://github.com/acme/base.git", Dir: "x", Ref: "v2"},
		"git@github.com:acme/base.git//deploy?ref=main":               {Repository: "git@github.com:acme/base.git", Dir: "deploy", Ref: "main"},
		"git@gitlab.com:group/sub/base.git/deploy":                    {Repository: "git@gitlab.com:group/sub/base.git", Dir: "deploy"},
		"ssh://git@example.com/acme/base.git?ref=v1":                  {Repository: "ssh://git@example.com/acme/base.git", Dir: ".", Ref: "v1"},
		"git::https://example.com/acme/base//x?ref=v1":                {Repository: "https://example.com/acme/base", Dir: "x", Ref: "v1"},
		"https://gitlab.com/group/sub/base.git//deploy/?ref=v1":       {Repository: "https://gitlab.com/group/sub/base.git", Dir: "deploy", Ref: "v1"},
		"https://raw.githubusercontent.com/acme/base/v1/install.yaml": {URL: "https://raw.githubusercontent.com/acme/base/v1/install.yaml"},
		"https://gitlab.com/api/v4/files/x.yaml?ref=main":             {URL: "https://gitlab.com/api/v4/files/x.yaml?ref=main"},
		"https://github.com/acme/x/releases/download/v1/install.yaml": {URL: "https://github.com/acme/x/releases/download/v1/install.yaml"},
		"https://github.com/acme/base//../../x?ref=v1":                {Repository: "https://github.com/acme/base", Dir: "../../x", Ref: "v1"},
	} {
		want.Entry = entry
		got, ok := parseRemote(entry)
		if d := cmp.Diff(want, got); !ok || d != "" {
			t.Errorf("%s: %v %s", entry, ok, d)
		}
	}
	for _, path := range []string{"../base", "base", "deployment.yaml", "./a/b", "/etc", "file:///etc", "github.company/x", "a@b"} {
		if got, ok := parseRemote(path); ok {
			t.Errorf("%s is taken for %+v", path, got)
		}
	}
}

func TestRewrite(t *testing.T) {
	const entry = "https://github.com/acme/base//k?ref=v1"
	to := "../" + mount(remoteBase{Entry: entry, Repository: "https://github.com/acme/base"}) + "/k"
	for in, want := range map[string]string{
		"resources:\n- ENTRY\n":                                          "resources:\n- TO\n",
		"resources:\n- 'ENTRY' # why\n- b\n":                             "resources:\n- TO # why\n- b\n",
		"bases: [a, \"ENTRY\", c, 'ENTRY']\n":                            "bases: [a, TO, c, TO]\n",
		"# é ENTRY\nnamePrefix: é\ncomponents: # ENTRY\r\n  - ENTRY\r\n": "# é ENTRY\nnamePrefix: é\ncomponents: # ENTRY\r\n  - TO\r\n",
		"{namePrefix: é, resources: [\"ENTRY\"]}":                        "{namePrefix: é, resources: [TO]}",
		"patches: [{path: \"ENTRY\"}]\nresources: [\"ENTRY\"]\n":         "patches: [{path: \"ENTRY\"}]\nresources: [TO]\n",
	} {
		in, want = strings.ReplaceAll(in, "ENTRY", entry), strings.NewReplacer("ENTRY", entry, "TO", to).Replace(want)
		needs, err := kustomizationNeeds(map[string][]byte{"k/kustomization.yaml": []byte(in)}, "k/kustomization.yaml")
		if err != nil {
			t.Fatal(err)
		}
		got, err := rewrite("k/kustomization.yaml", []byte(in), needs)
		if err != nil || string(got) != want {
			t.Errorf("%q became\n%q, not\n%q, %v", in, got, want, err)
		}
	}
	odd := "resources:\n- \"https://github.com/acme/base//k\\u003fref=v1\"\n"
	needs, _ := kustomizationNeeds(map[string][]byte{"kustomization.yaml": []byte(odd)}, "kustomization.yaml")
	if _, err := rewrite("kustomization.yaml", []byte(odd), needs); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("an entry with escapes: %v", err)
	}
}

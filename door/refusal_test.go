package door_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Text from outside that would reach a report as it is does not compile.
func TestRawTextDoesNotCompile(t *testing.T) {
	for statement, want := range map[string]string{
		`_ = door.Say("a constant")`:                    "",
		`_ = door.Say("%s", door.Outside(raw).Prose())`: "",
		`_ = door.Say(raw)`:                             "cannot use raw",
		`_ = door.Say("%s", raw)`:                       "cannot use raw",
		`_ = door.Say("a" + raw)`:                       "cannot use",
		`_ = door.Join(raw)`:                            "cannot use raw",
		`_ = door.Inert(raw)`:                           "cannot convert raw",
		`_ = door.Inert{raw}`:                           "unexported field",
		`_ = door.Outside("x").Fence(raw)`:              "cannot use raw",
		`_ = door.Lines(raw)`:                           "cannot use raw",
		`_ = door.Link(raw, raw)`:                       "cannot use raw",
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, "main.go")
		source := "package main\n\nimport \"github.com/ferry-cd/ferry/door\"\n\nfunc main() {\n\tvar raw string\n\t_ = raw\n\t" + statement + "\n\t_ = door.Number\n}\n"
		if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("go", "vet", file).CombinedOutput()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(string(out), want)) {
			t.Errorf("%s: %v, want %q\n%s", statement, err, want, out)
		}
	}
}

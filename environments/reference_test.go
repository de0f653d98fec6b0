package environments

import (
	"bytes"
	"os"
	"testing"
)

func TestReferenceIsCurrent(t *testing.T) {
	const file = "../docs/ferry-yaml.md"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, Reference(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, Reference()) {
		t.Errorf("%s is stale; run the tests with UPDATE=1", file)
	}
}

package report

import (
	"bytes"
	"os"
	"testing"
)

func TestRisksPageIsCurrent(t *testing.T) {
	const file = "../docs/risks.md"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, Risks(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, Risks()) {
		t.Errorf("%s is stale; run the tests with UPDATE=1", file)
	}
}

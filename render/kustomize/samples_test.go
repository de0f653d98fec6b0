package kustomize

import (
	"os"
	"testing"
)

// TestSamples builds every published kustomization under FERRY_SAMPLES as the CLI does.
func TestSamples(t *testing.T) {
	samples := os.Getenv("FERRY_SAMPLES")
	if samples == "" {
		t.Skip("FERRY_SAMPLES names no folder of published kustomizations")
	}
	files := readFiles(t, samples)
	for _, dir := range kustomizations(t, files) {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			same(t, files, dir)
		})
	}
}

package helm

import (
	"os"
	"testing"

	"github.com/ferry-cd/ferry/render"
)

// TestSamples renders every published chart under FERRY_SAMPLES as the CLI does, for an old and a new Kubernetes.
func TestSamples(t *testing.T) {
	samples := os.Getenv("FERRY_SAMPLES")
	if samples == "" {
		t.Skip("FERRY_SAMPLES names no folder of published charts")
	}
	for _, dir := range charts(t, samples) {
		for _, version := range []string{"1.24.3", "1.34"} {
			t.Run(dir[len(samples):]+"@"+version, func(t *testing.T) {
				t.Parallel()
				same(t, render.Request{Files: readFiles(t, dir), Dir: ".", Kubernetes: render.Kubernetes{Version: version}})
			})
		}
	}
}

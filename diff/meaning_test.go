package diff

import "testing"

func TestQuantities(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"500m", "0.5", true}, {"1Gi", "1024Mi", true}, {"1G", "1000M", true}, {"1Gi", "1G", false}, {"1e3", "1k", true}, {"1E3", "1k", true},
		{"1E", "1000P", true}, {"100n", "0.1u", true}, {"0", "0m", true}, {"-1", "-1000m", true}, {"1.50Gi", "1536Mi", true},
		{"1Mi", "1MI", false}, {"", "0", false}, {"m", "m0", false}, {"1mm", "1", false}, {"1 Gi", "1Gi", false}, {"1e100", "1e0100", false},
		{"0x10", "16", false}, {"1/2", "0.5", false}, {"1_000", "1k", false}, {"Inf", "Inf0", false},
	} {
		if got := sameQuantity(&node{shape: text, text: c.a}, &node{shape: text, text: c.b}); got != c.same {
			t.Errorf("%q and %q are the same: %v", c.a, c.b, got)
		}
	}
}

func TestDurations(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{{"60s", "1m", true}, {"1h0m0s", "60m", true}, {"1d", "24h", false}, {"1m", "2m", false}, {"", "0s", false}, {"90s", "1m30s", true}} {
		if got := sameDuration(c.a, c.b); got != c.same {
			t.Errorf("%q and %q are the same: %v", c.a, c.b, got)
		}
	}
}

package check

import "testing"

// Patterns are compiled when they are needed; one that is wrong must not wait for that.
func TestEveryPatternCompiles(t *testing.T) {
	for _, f := range append(forms, awsSecret) {
		if f.match() == nil {
			t.Errorf("%s has no pattern", f.name)
		}
	}
}

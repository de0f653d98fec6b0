package ledger

import "testing"

// What lies on ferry-state or in .ferry/holds was pushed by anyone: an error or a decision, never a panic, and what is
// read is written back as something that reads the same.
func FuzzDecision(f *testing.F) {
	f.Add([]byte("version: 1\nenvironment: prod\nreason: cluster upgrade\nby: ada\nuntil: 2026-12-24T18:00:00Z\n"))
	f.Add([]byte("version: 1\napp: shop\nenvironment: prod\nreason: slow\nrollback:\n  from: {version: 1.5.0, sequence: {kind: github, number: 7}}\n  to: {version: 1.4.0, sequence: {kind: github, number: 6}}\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var holds []Hold
		if read(data, &holds) == nil {
			file := holds[0].File()
			var again []Hold
			if err := read(file.Data, &again); err != nil || again[0].Reason != holds[0].Reason || again[0].Path() != file.Path {
				t.Errorf("%q became %q: %v", data, file.Data, err)
			}
		}
		var rejections []Rejection
		_ = read(data, &rejections)
		var overrides []Override
		_ = read(data, &overrides)
		_, _ = parseEntry(data)
	})
}

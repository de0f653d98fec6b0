package render

import (
	"crypto/sha256"
	"fmt"
	"testing"
)

// formats are the digests of what each version of the canonical form makes of formatSample. A minor release changes none of
// them: bytes that differ only because ferry does would be a change in everybody's repository. Another form is another version.
var formats = map[int]string{1: "7f23d1e3fa535c49ba6ec48dd3617b04ed4a59fbc00234b45f0abc7e15ed5012"}

const formatSample = `
kind: ConfigMap
apiVersion: v1
status: {z: 1}
metadata: {annotations: {b: c}, labels: {a: b}, name: sample, finalizers: [x], creationTimestamp: null}
data:
  plain: words and more
  empty: ""
  space: " x"
  word: "yes"
  number: "010"
  date: "2026-01-01"
  quote: it's "so"
  back: 'a\b'
  hidden: "a\u202eb\u00a0c"
  emoji: "\U0001F600"
  colon: "a: b"
  lines: "one\n  two\n\n"
  indented: "  one\ntwo\n"
  kept: "one\n\n\n"
  tail: "one\ntwo"
  control: "a\x01\tb"
spec:
  integers: [1, 0x1F, 0o14, 1_000, -0]
  floats: [1.50, 1e3, .5, 1e400, -0.0, 1e-7]
  booleans: [y, No, true]
  nothing: [~, null, {}, []]
  long: this is a text that is longer than eighty columns, which printers that break lines would break somewhere in the middle
  list:
    - image: i
      command: [a]
      name: c
    - - nested
      - |
        block
    - "  starts with space\nand goes on\n"
`

func TestFormatIsPinned(t *testing.T) {
	ms, err := Canonical(Output{Documents: Split(Document{Source: "sample", Line: 1, Data: []byte(formatSample)})}, "n")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%x", sha256.Sum256(ms[0].Data)); got != formats[FormatVersion] {
		t.Errorf("format %d is %s, and was %q:\n%s", FormatVersion, got, formats[FormatVersion], ms[0].Data)
	}
}

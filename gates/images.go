package gates

import (
	"fmt"
	"strings"
)

// Image is what a registry says of an image.
type Image struct {
	Reference string // name@digest, as the environment pulls it
	Missing   bool
	Unknown   string // why the registry could not be asked; "" = it was
	Hint      string
	Moved     string // what the tag means now, where that is something else
}

// imageExists asks that every image is where the environment pulls it from: a registry that tidies up, or one into which
// nothing was copied yet, is found out before somebody approves.
func imageExists(in Input) []Condition {
	if !in.Placement.Gates.ImageExists || in.Images == nil {
		return nil
	}
	c := Condition{Gate: gateImages, Holds: Proposing, Pass: true}
	var said []string
	for _, img := range in.Images {
		switch {
		case img.Missing:
			c.Pass = false
			said = append(said, img.Reference+" is not in its registry")
		case img.Unknown != "":
			c.Pass = false
			said = append(said, img.Unknown)
		}
		if c.Hint == "" && (img.Missing || img.Unknown != "") {
			c.Hint = img.Hint
		}
	}
	if c.Pass {
		said = append([]string{fmt.Sprintf("%d there", len(in.Images))}, said...)
	}
	c.Reason = gateImages + ": " + strings.Join(said, "; ")
	return []Condition{c}
}

// ImagesMissing gives the condition of images where it does not pass and nobody overrides it.
func ImagesMissing(in Input) []Condition {
	v := Verdict{Propose: imageExists(in)}
	v.overridden(in)
	return Verdict{Propose: v.Propose}.Waiting()
}

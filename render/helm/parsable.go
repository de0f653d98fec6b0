package helm

import (
	"fmt"
	"strings"

	"github.com/ferry-cd/ferry/render"
)

// Go's parser knows no limits: each block inside another takes a part of the stack, and what it makes of code is up to a
// hundred times as large.
const (
	maxBlocks    = 10_000  // inside each other
	maxCode      = 2 << 20 // bytes between {{ and }}
	codeWeight   = 128     // of one such byte
	actionWeight = 8       // of the shortest action, in such bytes
)

// parsable gives the weight of the code in a text, and refuses one that would fill the stack or the memory while it is parsed.
func parsable(name, text string) (code int, err error) {
	var open blocks
	for {
		_, after, found := strings.Cut(text, "{{")
		if !found {
			return code, nil
		}
		action, rest := cutAction(after)
		open.meet(action)
		code += actionWeight + len(action)
		switch {
		case code > maxCode:
			return 0, &LimitError{What: fmt.Sprintf("template: %s: more code than %s", name, render.Size(maxCode))}
		case open.deepest > maxBlocks:
			return 0, &LimitError{What: fmt.Sprintf("template: %s: more than %d blocks inside each other", name, maxBlocks)}
		}
		text = rest
	}
}

// cutAction cuts behind an action; }} inside its texts does not end it. A comment is no code.
func cutAction(text string) (action, rest string) {
	if comment := strings.TrimLeft(strings.TrimPrefix(text, "-"), blank); strings.HasPrefix(comment, "/*") {
		_, rest, _ = strings.Cut(comment, "*/")
		_, rest, _ = strings.Cut(rest, "}}")
		return "", rest
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case strings.HasPrefix(text[i:], "}}"):
			return text[:i], text[i+2:]
		case c == '"' || c == '`' || c == '\'':
			i += quoted(text[i:])
		}
	}
	return text, ""
}

// quoted is how far the other quote is behind the one that a text begins with.
func quoted(text string) int {
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == text[0]:
			return i
		case text[i] == '\\' && text[0] != '`':
			i++
		}
	}
	return len(text)
}

const blank = " \t\r\n"

// blocks counts those that are open. An else if is one inside the one before it, and ends with it.
type blocks struct {
	chains        []int
	open, deepest int
}

func (b *blocks) meet(action string) {
	action = strings.Trim(strings.TrimPrefix(action, "-"), blank+"-")
	word := action[:len(action)-len(strings.TrimLeft(action, "abcdefghijklmnopqrstuvwxyz"))]
	last := len(b.chains) - 1
	switch word {
	case "if", "with", "range", "block", "define":
		b.open++
		b.chains = append(b.chains, 1)
	case "else":
		if last >= 0 && len(action) > len(word) {
			b.open++
			b.chains[last]++
		}
	case "end":
		if last >= 0 {
			b.open -= b.chains[last]
			b.chains = b.chains[:last]
		}
	}
	b.deepest = max(b.deepest, b.open)
}

package render

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"go.yaml.in/yaml/v2"
)

// printer writes values of the usual kinds just as yaml.v2 writes what has come back from JSON: keys in its order, lists
// level with their key, long texts folded. It gives up on the first value of which it is not sure; the library prints those.
type printer struct {
	buf  []byte
	keys []string // of the mappings that are open
}

// maxSpare bounds the buffer that a printer keeps for the next values.
const maxSpare = 1 << 20

var printers = sync.Pool{New: func() any { return new(printer) }}

// printQuickly gives false where the printer gave up.
func printQuickly(v any) ([]byte, bool) {
	p := printers.Get().(*printer)
	defer func() {
		if cap(p.buf) <= maxSpare {
			printers.Put(p)
		}
	}()
	p.buf, p.keys = p.buf[:0], p.keys[:0]
	ok := false
	switch v := v.(type) {
	case map[string]any:
		ok = len(v) > 0 && p.mapping(v, 0, true, 0)
	case []any:
		ok = len(v) > 0 && p.list(v, 0, true, 0)
	}
	if !ok {
		return nil, false
	}
	return bytes.Clone(p.buf), true
}

func (p *printer) write(s string) { p.buf = append(p.buf, s...) }

func (p *printer) indent(n int) {
	for ; n > len(spaces); n -= len(spaces) {
		p.write(spaces)
	}
	p.write(spaces[:n])
}

// mapping writes pairs that stand at an indent; begun says that the first line is indented already.
func (p *printer) mapping(m map[string]any, indent int, begun bool, depth int) bool {
	if depth > maxDepth {
		return false
	}
	open := len(p.keys)
	for key := range m {
		p.keys = append(p.keys, key)
	}
	keys := p.keys[open:]
	slices.SortFunc(keys, compareNaturally)
	for i, key := range keys {
		if i > 0 || !begun {
			p.indent(indent)
		}
		if !p.key(key) || !p.below(m[key], indent, true, depth+1) {
			return false
		}
	}
	p.keys = p.keys[:open]
	return true
}

func (p *printer) list(items []any, indent int, begun bool, depth int) bool {
	if depth > maxDepth {
		return false
	}
	for i, item := range items {
		if i > 0 || !begun {
			p.indent(indent)
		}
		p.write("-")
		if !p.below(item, indent, false, depth+1) {
			return false
		}
	}
	return true
}

// below writes what stands behind the colon of a key, or the dash of an item, at an indent.
func (p *printer) below(v any, indent int, keyed bool, depth int) bool {
	switch v := v.(type) {
	case map[string]any:
		switch {
		case len(v) == 0:
			return p.empty(v == nil, " {}\n")
		case keyed:
			p.write("\n")
		default:
			p.write(" ")
		}
		return p.mapping(v, indent+2, !keyed, depth)
	case []any:
		switch {
		case len(v) == 0:
			return p.empty(v == nil, " []\n")
		case keyed:
			p.write("\n")
			return p.list(v, indent, false, depth)
		}
		p.write(" ")
		return p.list(v, indent+2, true, depth)
	}
	p.write(" ")
	return p.scalar(v, indent+2)
}

func (p *printer) empty(isNil bool, text string) bool {
	if isNil {
		text = " null\n"
	}
	p.write(text)
	return true
}

// scalar ends its line. What does not fit on one goes on at an indent.
func (p *printer) scalar(v any, indent int) bool {
	switch v := v.(type) {
	case string:
		return p.text(v, indent)
	case nil:
		p.write("null")
	case bool:
		p.buf = strconv.AppendBool(p.buf, v)
	case int:
		p.buf = strconv.AppendInt(p.buf, int64(v), 10)
	case int64:
		p.buf = strconv.AppendInt(p.buf, v, 10)
	case uint64:
		p.buf = strconv.AppendUint(p.buf, v, 10)
	case float64:
		n, ok := settleNumber(v)
		if i, whole := n.(int); whole {
			p.buf = strconv.AppendInt(p.buf, int64(i), 10)
		} else if ok {
			p.buf = strconv.AppendFloat(p.buf, v, 'g', -1, 64)
		} else {
			return false
		}
	default:
		return false
	}
	p.write("\n")
	return true
}

// key writes a key and its colon. Longer ones are written with a question mark, those of several lines in quotes.
func (p *printer) key(s string) bool {
	how := look(s)
	if how&(strange|lines|foreign) != 0 || len(s) > 100 {
		return false
	}
	p.line(s, how, -1)
	p.write(":")
	return true
}

func (p *printer) text(s string, indent int) bool {
	how := look(s)
	if how&strange != 0 {
		return false
	}
	if how&lines != 0 {
		return p.literal(s, indent)
	}
	p.line(s, how, indent)
	p.write("\n")
	return true
}

// line writes a text without line breaks of its own.
func (p *printer) line(s string, how traits, indent int) {
	quote := ""
	switch {
	case isResolved(s):
		p.write(`"`)
		p.write(s) // numbers, dates and words: nothing in them that a quoted text would escape
		p.write(`"`)
		return
	case how&marked != 0:
		quote = "'"
	}
	p.write(quote)
	if quote != "" && strings.Contains(s, "'") || indent >= 0 && how&spaced != 0 && p.column()+len(s) > foldAfter {
		p.fold(s, quote != "", indent)
	} else {
		p.write(s)
	}
	p.write(quote)
}

// foldAfter is the column after which a text goes on in the next line at its next single space.
const foldAfter = 80

func (p *printer) column() int {
	return utf8.RuneCount(p.buf[bytes.LastIndexByte(p.buf, '\n')+1:])
}

// fold writes a text that may be longer than its line; a negative indent says that it must not go on in another.
func (p *printer) fold(s string, quoted bool, indent int) {
	column := p.column()
	for i, r := range s {
		switch {
		case r == ' ' && indent >= 0 && column > foldAfter && i > 0 && i < len(s)-1 && s[i-1] != ' ' && s[i+1] != ' ':
			p.write("\n")
			p.indent(indent)
			column = indent
			continue
		case r == '\'' && quoted:
			p.write("'")
			column++
		}
		p.buf = utf8.AppendRune(p.buf, r)
		column++
	}
}

// literal writes a block of lines. It gives up on those that end in more than one line break, or have a space before one:
// these are written otherwise.
func (p *printer) literal(s string, indent int) bool {
	body := strings.TrimSuffix(s, "\n")
	if body == "" || body[len(body)-1] == '\n' || body[len(body)-1] == ' ' || strings.Contains(body, " \n") {
		return false
	}
	p.write("|")
	if s[0] == ' ' || s[0] == '\n' {
		p.write("2")
	}
	if body == s {
		p.write("-")
	}
	p.write("\n")
	for line := range strings.SplitSeq(body, "\n") {
		if line != "" {
			p.indent(indent)
			p.write(line)
		}
		p.write("\n")
	}
	return true
}

// traits of a text decide how it is written.
type traits uint8

const (
	strange traits = 1 << iota // leave it to the library
	lines                      // it has line breaks
	spaced                     // it has spaces
	marked                     // something in it would mean something else without quotes
	foreign                    // it has more than ASCII
)

func look(s string) (how traits) {
	if s == "" {
		return 0
	}
	if strings.HasPrefix(s, "---") || strings.HasPrefix(s, "...") || s[0] == ' ' || s[len(s)-1] == ' ' || s[len(s)-1] == ':' || strings.IndexByte("#,[]{}&*!|>'\"%@`", s[0]) >= 0 {
		how |= marked
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ' ':
			how |= spaced
			if i == 1 && (s[0] == '-' || s[0] == '?') || i > 0 && s[i-1] == ':' || i+1 < len(s) && s[i+1] == '#' {
				how |= marked
			}
		case c == '\n':
			how |= lines
		case c < ' ' || c == 0x7f:
			return strange
		case c >= utf8.RuneSelf:
			how |= foreign
		}
	}
	switch {
	case s == "-" || s == "?":
		how |= marked
	case how&foreign != 0 && !isPlainText(s):
		how |= strange
	}
	return how
}

// isResolved tells text that would be read as something else than text.
func isResolved(s string) bool {
	switch s {
	case "", "~", "null", "Null", "NULL", "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON",
		"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF":
		return true
	}
	if c := s[0]; c != '.' && c != '+' && c != '-' && (c < '0' || c > '9') {
		return false
	}
	switch {
	case strings.Trim(s, "0123456789") == "" && len(s) < 20:
		return true
	case strings.Trim(s, "0123456789abcdefinABCDEFINxXoOtTzZ_+-.: ") != "":
		return false
	case strings.Trim(s, "0123456789.") == "" && strings.Count(s, ".") > 1: // a version
		return false
	}
	data, err := yaml.Marshal(s) // numbers and dates have many forms
	return err != nil || data[0] == '"'
}

// compareNaturally sorts keys as yaml.v2 does: numbers in them by their value, and letters after all else.
func compareNaturally(a, b string) int {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	if i == len(a) || i == len(b) {
		return len(a) - len(b)
	}
	switch x, y := isLetter(a[i]), isLetter(b[i]); {
	case x && y:
		return int(a[i]) - int(b[i])
	case x:
		return 1
	case y:
		return -1
	}
	return compareNumbers(a, b, i)
}

// compareNumbers compares keys that differ from a place on which in neither is a letter. A zero there counts as much as the
// digits before it let it.
func compareNumbers(a, b string, from int) int {
	var x, y int64
	if a[from] == '0' || b[from] == '0' {
		for i := from - 1; i >= 0 && isDigit(a[i]); i-- {
			if a[i] != '0' {
				x, y = 1, 1
				break
			}
		}
	}
	i, j := from, from
	for ; i < len(a) && isDigit(a[i]); i++ {
		x = x*10 + int64(a[i]-'0')
	}
	for ; j < len(b) && isDigit(b[j]); j++ {
		y = y*10 + int64(b[j]-'0')
	}
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	case i != j:
		return i - j
	}
	return int(a[from]) - int(b[from])
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

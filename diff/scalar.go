package diff

import (
	"strconv"
	"strings"
)

// literal reads a block scalar whose lines are indented deeper than indent.
func (r *lineReader) literal(header string, indent int) *node {
	var b strings.Builder
	breaks, deep := 0, 0 // line breaks since the last line with text; columns before the text
	for r.rest != "" {
		before := r.rest
		line := r.cut()
		width := len(line) - len(strings.TrimLeft(line, " "))
		if width == len(line) && width <= deep {
			breaks++
			continue
		}
		if deep == 0 && width > indent && width < len(line) && line[width] != '\t' {
			deep = width
		}
		if deep == 0 || width < deep {
			r.rest = before
			break
		}
		for ; breaks > 0; breaks-- {
			b.WriteByte('\n')
		}
		b.WriteString(line[deep:])
		breaks = 1
	}
	ending, known := map[string]string{"": "\n", "-": "", "+": strings.Repeat("\n", breaks)}[header]
	r.next()
	if deep == 0 || !known {
		return r.fail()
	}
	return r.new(text, b.String()+ending)
}

// scalar reads a value that stands on one line.
func (r *lineReader) scalar(s string) *node {
	s = strings.TrimRight(s, " ")
	switch s {
	case "{}":
		return r.new(mapping, "")
	case "[]":
		return r.new(sequence, "")
	}
	if s[0] == '"' || s[0] == '\'' {
		value, rest, ok := cutQuoted(s)
		if !ok || rest != "" {
			return r.fail()
		}
		return r.new(text, value)
	}
	k, ok := plainKind(s)
	if !ok {
		return r.fail()
	}
	if k == null {
		return r.new(null, "")
	}
	return r.new(k, s)
}

// cutKey splits a line at the colon after its key.
func cutKey(content string) (key, rest string, ok bool) {
	if content == "" || len(content) > 2 && (content[0] == '"' || content[0] == '\'') {
		return cutQuotedKey(content)
	}
	i := strings.Index(content, ": ")
	if i < 0 {
		if !strings.HasSuffix(content, ":") {
			return "", "", false
		}
		i = len(content) - 1
	}
	key, rest = content[:i], strings.TrimLeft(content[i+1:], " ")
	k, ok := plainKind(key)
	return key, rest, ok && k == text && len(key) <= maxKey
}

const maxKey = 1000

func cutQuotedKey(content string) (key, rest string, ok bool) {
	if content == "" {
		return "", "", false
	}
	key, rest, ok = cutQuoted(content)
	if !ok || len(content)-len(rest) > maxKey || rest != ":" && !strings.HasPrefix(rest, ": ") {
		return "", "", false
	}
	return key, strings.TrimLeft(rest[1:], " "), true
}

// cutQuoted reads a quoted string and gives what follows it.
func cutQuoted(s string) (value, rest string, ok bool) {
	if s[0] == '\'' {
		return cutSingle(s[1:])
	}
	end := 1
	for end < len(s) && s[end] != '"' {
		if s[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(s) {
		return "", "", false
	}
	value, rest = s[1:end], s[end+1:]
	if strings.IndexByte(value, '\\') < 0 {
		return value, rest, true
	}
	value, ok = unescape(s[:end+1])
	return value, rest, ok
}

// unescape reads the escapes that YAML and Go write alike.
func unescape(quoted string) (string, bool) {
	for i := 0; i < len(quoted)-1; i++ {
		if quoted[i] != '\\' {
			continue
		}
		i++
		switch quoted[i] {
		case '\\', '"', 'n', 't', 'r':
		default:
			return "", false
		}
	}
	value, err := strconv.Unquote(quoted)
	return value, err == nil
}

func cutSingle(s string) (value, rest string, ok bool) {
	for i := 0; i < len(s); i++ {
		if s[i] != '\'' {
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			i++
			continue
		}
		return strings.ReplaceAll(s[:i], "''", "'"), s[i+1:], true
	}
	return "", "", false
}

// plainKind tells what an unquoted scalar is; ok is false where that takes a closer look.
func plainKind(s string) (k shape, ok bool) {
	if s == "" || strings.Contains(s, ": ") || strings.Contains(s, " #") || s[len(s)-1] == ':' || s[len(s)-1] == ' ' {
		return 0, false
	}
	switch c := s[0]; {
	case c >= '0' && c <= '9', c == '-', c == '.':
		return numberKind(s)
	case strings.IndexByte(",[]{}#&*!|>'\"%@`?:=<~+", c) >= 0:
		return 0, false
	case len(s) > 5:
		return text, true
	}
	switch s {
	case "null":
		return null, true
	case "true", "false":
		return boolean, true
	}
	switch strings.ToLower(s) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return 0, false
	}
	return text, true
}

// numberKind judges what begins like a number, a date or a special value such as .inf; most of it is neither.
func numberKind(s string) (k shape, ok bool) {
	body := strings.TrimLeft(s, "-")
	switch {
	case isSimpleNumber(s):
		return number, true
	case body == "" || body[0] == ' ' || strings.HasPrefix(s, "---") || strings.HasPrefix(s, "..."):
		return 0, false
	case body[0] == '0' && len(body) > 1 && strings.IndexByte("xXoObB", body[1]) >= 0:
		return 0, false
	case body[0] == '.' && len(body) < 5:
		return 0, false
	case strings.Count(s, ".") > 1 && strings.Trim(s, "0123456789.") == "": // an address or a version
		return text, true
	}
	return text, strings.Trim(s, "0123456789+-._: eE") != ""
}

// isSimpleNumber matches decimals that are written in the only way there is.
func isSimpleNumber(s string) bool {
	if s == "0" {
		return true
	}
	s = strings.TrimPrefix(s, "-")
	whole, fraction, dotted := strings.Cut(s, ".")
	switch {
	case len(s) > 15 || whole == "" || strings.Trim(whole+fraction, "0123456789") != "":
		return false
	case whole[0] == '0' && (len(whole) > 1 || !dotted):
		return false
	}
	return !dotted || fraction != ""
}

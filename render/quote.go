package render

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// isLiteral tells whether a string is written as a literal block. A block that starts with white space needs an indentation
// indicator, which readers count differently inside a list.
func isLiteral(s string, listed bool) bool {
	first := strings.TrimLeft(s, "\n")
	if first == "" || !strings.Contains(s, "\n") || listed && (first[0] == ' ' || first[0] == '\t') {
		return false
	}
	for _, r := range s {
		if r != '\n' && r != '\t' && isHidden(r) {
			return false
		}
	}
	return true
}

// style says how a string is written on one line.
func style(s string) yaml.Style {
	quotes := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			quotes = true
		case c < ' ' || c == 0x7f:
			return yaml.DoubleQuotedStyle
		case c >= utf8.RuneSelf:
			if hasHidden(s[i:]) {
				return yaml.DoubleQuotedStyle
			}
			i = len(s)
		}
	}
	quotes = quotes || strings.ContainsAny(s, `"\`)
	switch {
	case !needsQuotes(s):
		return 0
	case quotes:
		return yaml.SingleQuotedStyle
	}
	return yaml.DoubleQuotedStyle
}

// needsQuotes tells whether a plain scalar would be read as something else, or not at all, by some reader.
func needsQuotes(s string) bool {
	if s == "" || s[0] == ' ' || s[len(s)-1] == ' ' || s[len(s)-1] == ':' || strings.Contains(s, ": ") || strings.Contains(s, " #") {
		return true
	}
	if strings.HasPrefix(s, "---") || strings.HasPrefix(s, "...") {
		return true
	}
	switch s[0] {
	case ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`', '?', ':', '=', '<', '~':
		return true
	case '-':
		if len(s) == 1 || s[1] == ' ' {
			return true
		}
	}
	return isWord(s) || looksNumeric(s)
}

// isWord matches what some reader takes for a boolean or null, in any case.
func isWord(s string) bool {
	if len(s) > 5 {
		return false
	}
	switch strings.ToLower(s) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null", ".", "inf", "nan", ".inf", ".nan", "+.inf", "-.inf", "+inf", "-inf":
		return true
	}
	return false
}

// looksNumeric matches what some reader takes for a number or a date: all of YAML 1.1 and 1.2, and a bit more.
func looksNumeric(s string) bool {
	if c := s[0]; c != '.' && c != '+' && c != '-' && (c < '0' || c > '9') {
		return false
	}
	digits := strings.ReplaceAll(strings.TrimLeft(s, "+-"), "_", "")
	if digits == "" {
		return true
	}
	return isDecimal(digits) || isBased(digits) || isSexagesimal(digits) || isDate(s)
}

func isBased(s string) bool {
	if len(s) < 2 || s[0] != '0' || !strings.ContainsRune("xXoObB", rune(s[1])) {
		return false
	}
	return strings.Trim(s[2:], "+-0123456789abcdefABCDEF") == ""
}

// isSexagesimal matches digits in groups, as in 1:30 or 190:20:30.15.
func isSexagesimal(s string) bool {
	return strings.Contains(s, ":") && strings.Trim(s, "0123456789:.") == ""
}

// isDate matches what begins like 2026-01-01.
func isDate(s string) bool {
	year, rest, ok := strings.Cut(s, "-")
	return ok && len(year) == 4 && leadingDigits(year) == 4 && leadingDigits(rest) > 0 && strings.Contains(rest, "-")
}

func hasHidden(s string) bool { return strings.IndexFunc(s, isHidden) >= 0 }

// isHidden matches characters that a reviewer cannot see or that turn the text round, and those that a YAML reader refuses or
// takes for a line break: they are written as escapes.
func isHidden(r rune) bool {
	switch {
	case r < ' ', r >= 0x7f && r <= 0x9f, r == 0xad, r == 0x61c, r == 0x180e, r == 0xfeff:
		return true
	case r >= 0x200b && r <= 0x200f:
		return r != 0x200c && r != 0x200d // joiners belong to words and emoji
	case r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r >= 0xfff0 && r <= 0xfffb, r == 0xfffe, r == 0xffff:
		return true
	case r >= 0xe0000 && r <= 0xe0fff, r > 0xffff && r&0xfffe == 0xfffe:
		return true
	}
	return false
}

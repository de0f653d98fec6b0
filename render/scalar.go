package render

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Kubernetes reads YAML with a 1.1 reader (yes is true, 010 is eight, a date is a string), kustomize and most other
// tools with a 1.2 one. What a scalar means is decided here once, as Kubernetes would; the writer then spells it so that
// every reader agrees.

const (
	tagString = "!!str"
	tagInt    = "!!int"
	tagFloat  = "!!float"
	tagBool   = "!!bool"
	tagNull   = "!!null"
	tagMerge  = "!!merge"
)

const quotedStyles = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

// meaning gives the tag and the text of a scalar; complaint is empty where Kubernetes could read it.
func meaning(n *yaml.Node) (tag, text, complaint string) {
	if n.Style&yaml.TaggedStyle != 0 {
		return taggedMeaning(n.Tag, n.Value)
	}
	if n.Style&quotedStyles != 0 {
		return tagString, n.Value, ""
	}
	tag, text = plainMeaning(n.Value)
	return tag, text, unwritable(tag, text)
}

func taggedMeaning(want, value string) (tag, text, complaint string) {
	switch want {
	case "!!binary":
		return binaryMeaning(value)
	case tagInt, tagFloat, tagBool, tagNull:
		tag, text = plainMeaning(value)
		if tag != want && (want != tagFloat || tag != tagInt) {
			return tag, text, "the value does not fit its tag " + want
		}
		return tag, text, unwritable(tag, text)
	case "!!timestamp":
		if tag, _ = plainMeaning(value); tag != tagString {
			return tag, value, "the value does not fit its tag " + want
		}
	}
	return tagString, value, ""
}

func binaryMeaning(value string) (tag, text, complaint string) {
	data, err := base64.StdEncoding.DecodeString(value)
	switch {
	case err != nil:
		return tagString, value, "the value is not the base64 that its tag !!binary promises"
	case !utf8.Valid(data):
		return tagString, value, "Kubernetes has no binary strings and would damage this !!binary value; put the base64 text under binaryData or data"
	}
	return tagString, string(data), ""
}

func unwritable(tag, text string) string {
	if tag == tagFloat && strings.ContainsAny(text, "iInN") {
		return "Kubernetes cannot hold " + text + ", for JSON has no such number"
	}
	return ""
}

// plainMeaning reads an unquoted scalar as Kubernetes does.
func plainMeaning(s string) (tag, text string) {
	if s == "" {
		return tagNull, "null"
	}
	switch c := s[0]; {
	case c == '.' || c == '+' || c == '-' || c >= '0' && c <= '9':
		return numberMeaning(s)
	case len(s) > 5:
		return tagString, s
	}
	switch s {
	case "~", "null", "Null", "NULL":
		return tagNull, "null"
	case "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON":
		return tagBool, "true"
	case "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF":
		return tagBool, "false"
	}
	return tagString, s
}

func numberMeaning(s string) (tag, text string) {
	switch s {
	case ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF":
		return tagFloat, s
	}
	digits := s
	if s[0] != '.' {
		digits = strings.ReplaceAll(s, "_", "")
		if text, ok := integer(digits); ok {
			return tagInt, text
		}
		if !isDecimal(digits) {
			return tagString, s
		}
	}
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return tagString, s // no number, or one too large, which Kubernetes takes for a string
	}
	if isJSONNumber(s) {
		return tagFloat, s
	}
	text = formatFloat(f)
	if _, ok := integer(text); ok {
		return tagInt, text // as the next reader of our text will see it
	}
	return tagFloat, text
}

// integer reads decimal, octal, hexadecimal and binary digits and gives them in decimal.
func integer(s string) (string, bool) {
	if i, err := strconv.ParseInt(s, 0, 64); err == nil {
		return strconv.FormatInt(i, 10), true
	}
	if u, err := strconv.ParseUint(s, 0, 64); err == nil {
		return strconv.FormatUint(u, 10), true
	}
	if digits, ok := strings.CutPrefix(strings.TrimPrefix(s, "-"), "0b"); ok { // 0b-1, of which only this reader makes a number
		i, err := strconv.ParseInt(strings.TrimSuffix(s, "0b"+digits)+digits, 2, 64)
		return strconv.FormatInt(i, 10), err == nil
	}
	return "", false
}

func formatFloat(f float64) string {
	if f == 0 && math.Signbit(f) {
		return "-0.0"
	}
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// isDecimal matches [-+]? (digits [. digits?] | . digits) with an optional exponent.
func isDecimal(s string) bool {
	s = strings.TrimLeft(s[:1], "+-") + s[1:]
	whole := leadingDigits(s)
	s = s[whole:]
	fraction := 0
	if strings.HasPrefix(s, ".") {
		fraction = leadingDigits(s[1:])
		s = s[1+fraction:]
	}
	return whole+fraction > 0 && isExponent(s)
}

func isExponent(s string) bool {
	if s == "" {
		return true
	}
	if s[0] != 'e' && s[0] != 'E' {
		return false
	}
	s = s[1:]
	if s != "" && (s[0] == '+' || s[0] == '-') {
		s = s[1:]
	}
	return s != "" && leadingDigits(s) == len(s)
}

// isJSONNumber tells whether every reader takes a decimal as it stands.
func isJSONNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole := leadingDigits(s)
	if whole == 0 || whole > 1 && s[0] == '0' {
		return false
	}
	s = s[whole:]
	if strings.HasPrefix(s, ".") {
		fraction := leadingDigits(s[1:])
		if fraction == 0 {
			return false
		}
		s = s[1+fraction:]
	}
	return isExponent(s)
}

func leadingDigits(s string) int {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i
}

// keyText gives a mapping key as the string that Kubernetes makes of it.
func keyText(n *yaml.Node) (text, complaint string) {
	tag, text, complaint := meaning(n)
	switch {
	case complaint != "":
		return "", complaint
	case tag == tagNull:
		return "", "a key is empty or null"
	case tag == tagFloat || tag == tagInt:
		return numberKey(n)
	}
	return text, ""
}

// numberKey spells a number as Kubernetes does in a key: 1.50 is "1.5", 1e10 is "1e+10".
func numberKey(n *yaml.Node) (text, complaint string) {
	digits := n.Value
	if digits[0] != '.' {
		digits = strings.ReplaceAll(digits, "_", "")
	}
	text, ok := integer(digits)
	if !ok || n.Tag == tagFloat && n.Style&yaml.TaggedStyle != 0 {
		f, _ := strconv.ParseFloat(digits, 64)
		if math.Abs(f) > math.MaxFloat32 {
			return "", "the key " + n.Value + " is no string and too large for a number"
		}
		return strconv.FormatFloat(f, 'g', -1, 32), ""
	}
	if _, err := strconv.ParseInt(text, 10, 64); err != nil {
		return "", "the key " + text + " is no string and too large for a number"
	}
	return text, ""
}

package render

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v2"
)

// PrintValues prints values as sigs.k8s.io/yaml does, which goes from values to JSON, to values again and from there to YAML.
// Both libraries print so: Helm in toYaml, kustomize what it has built. Values of the usual kinds are printed at once; false
// where they could come back from JSON as something else. Differential tests hold the two against each other.
func PrintValues(v any) ([]byte, bool) {
	if data, ok := printQuickly(v); ok {
		return data, true
	}
	settled, ok := settle(v, 0)
	if !ok {
		return nil, false
	}
	data, err := yaml.Marshal(settled)
	return data, err == nil
}

// settle gives values as they come back from JSON; false where they could come back as something else.
func settle(v any, depth int) (any, bool) {
	if depth > maxDepth {
		return nil, false
	}
	switch v := v.(type) {
	case map[string]any:
		return settleMap(v, depth)
	case []any:
		return settleList(v, depth)
	case string:
		return v, isPlainText(v)
	case float64:
		return settleNumber(v)
	case nil, bool, int, int64, uint64:
		return v, true
	}
	return nil, false
}

// settleMap and settleList copy: the values may be somebody else's.
func settleMap(v map[string]any, depth int) (any, bool) {
	if v == nil {
		return nil, true
	}
	own := make(map[string]any, len(v))
	for key, below := range v {
		settled, ok := settle(below, depth+1)
		if !ok || !isPlainText(key) || len(key) > 500 {
			return nil, false
		}
		own[key] = settled
	}
	return own, true
}

func settleList(v []any, depth int) (any, bool) {
	if v == nil {
		return nil, true
	}
	own := make([]any, len(v))
	for i, below := range v {
		settled, ok := settle(below, depth+1)
		if !ok {
			return nil, false
		}
		own[i] = settled
	}
	return own, true
}

func settleNumber(f float64) (any, bool) {
	switch whole := f == math.Trunc(f); {
	case whole && math.Abs(f) < 1e15:
		return int(f), true
	case !whole && !math.IsNaN(f):
		return f, true
	}
	text, err := json.Marshal(f)
	if err != nil {
		return nil, false
	}
	if i, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		return int(i), true
	}
	if strings.Trim(string(text), "-0123456789") == "" {
		return nil, false // an integer larger than any
	}
	return f, true
}

// isPlainText tells text that JSON and YAML carry as it is.
func isPlainText(s string) bool {
	for _, r := range s {
		switch {
		case r == utf8.RuneError, r < ' ' && r != '\n' && r != '\t', r >= 0x7f && r <= 0xa0, r == 0x2028, r == 0x2029, r >= 0xd800 && r <= 0xffff && (r <= 0xf8ff || r >= 0xfe00), r > 0xffff:
			return false
		}
	}
	return true
}

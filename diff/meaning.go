package diff

import (
	"math/big"
	"strings"
	"time"
)

// Fields below which Kubernetes reads quantities, wherever they stand.
var quantityFields = map[string]bool{
	"limits": true, "requests": true, "capacity": true, "hard": true, "sizeLimit": true, "averageValue": true,
	"divisor": true, "overhead": true, "defaultRequest": true, "maxLimitRequestRatio": true,
}

// Fields that hold quantities in a LimitRange only.
var limitRangeFields = map[string]bool{"min": true, "max": true, "default": true}

// Endings of fields that hold durations, in lower case.
var durationEndings = []string{"interval", "timeout", "duration", "period", "renewbefore", "delay", "ttl"}

func isQuantityField(root, key string) bool {
	return quantityFields[key] || root == "LimitRange" && limitRangeFields[key]
}

func isDurationField(key string) bool {
	key = strings.ToLower(key)
	for _, ending := range durationEndings {
		if strings.HasSuffix(key, ending) {
			return true
		}
	}
	return false
}

// sameMeaning tells whether two different scalars say the same in this place.
func (w *walker) sameMeaning(a, b *node, at place) bool {
	switch {
	case at.quantity:
		return sameQuantity(a, b)
	case a.shape == number && b.shape == number:
		return sameNumber(a.text, b.text)
	case a.shape == text && b.shape == text && isDurationField(at.key) && w.root != "ConfigMap":
		return sameDuration(a.text, b.text)
	}
	return false
}

func sameQuantity(a, b *node) bool {
	x, ok := quantity(a)
	y, also := quantity(b)
	return ok && also && x.Cmp(y) == 0
}

// sameNumber compares numbers that are written differently, which two whole numbers never are.
func sameNumber(a, b string) bool {
	if !strings.ContainsAny(a, ".eE") && !strings.ContainsAny(b, ".eE") {
		return false
	}
	x, ok := decimal(a)
	y, also := decimal(b)
	return ok && also && x.Cmp(y) == 0
}

func sameDuration(a, b string) bool {
	x, err := time.ParseDuration(a)
	if err != nil {
		return false
	}
	y, err := time.ParseDuration(b)
	return err == nil && x == y
}

var suffixes = map[string]*big.Rat{
	"n": ratio(1, 1e9), "u": ratio(1, 1e6), "m": ratio(1, 1e3), "": ratio(1, 1),
	"k": ratio(1e3, 1), "M": ratio(1e6, 1), "G": ratio(1e9, 1), "T": ratio(1e12, 1), "P": ratio(1e15, 1), "E": ratio(1e18, 1),
	"Ki": ratio(1<<10, 1), "Mi": ratio(1<<20, 1), "Gi": ratio(1<<30, 1), "Ti": ratio(1<<40, 1), "Pi": ratio(1<<50, 1), "Ei": ratio(1<<60, 1),
}

func ratio(a, b int64) *big.Rat { return big.NewRat(a, b) }

// quantity reads a number, or a string as Kubernetes reads quantities.
func quantity(n *node) (*big.Rat, bool) {
	if n == nil || n.shape != number && n.shape != text {
		return nil, false
	}
	digits := strings.TrimRight(n.text, "numkMGTPEi")
	factor, known := suffixes[n.text[len(digits):]]
	value, ok := decimal(digits)
	if !known || !ok {
		return nil, false
	}
	return value.Mul(value, factor), true
}

// decimal reads a decimal number whose exponent has at most two digits: what is larger would cost more memory than it is worth.
func decimal(s string) (*big.Rat, bool) {
	mantissa, exponent := s, ""
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, exponent = s[:i], strings.TrimLeft(s[i+1:], "+-")
		if exponent == "" || strings.Trim(exponent, "0123456789") != "" {
			return nil, false
		}
	}
	if len(s) > 64 || len(exponent) > 2 || mantissa == "" || strings.Trim(mantissa, "+-.0123456789") != "" {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

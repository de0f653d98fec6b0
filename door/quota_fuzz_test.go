package door

import (
	"net/http"
	"testing"
	"time"
)

// Whatever a server writes into its headers, a limit is a number above nothing, and what is left of it one that is not below.
func FuzzQuota(f *testing.F) {
	f.Add("5000", "4999", "1800000000", "")
	f.Add("1000", "", "", "true")
	f.Add("-1", "NaN", "1e300", "maybe")
	f.Add("0x10", "+Inf", "-5", "1")
	f.Fuzz(func(t *testing.T, limit, left, reset, near string) {
		h := http.Header{}
		for name, value := range map[string]string{"Limit": limit, "Remaining": left, "Reset": reset, "NearLimit": near} {
			h["X-Ratelimit-"+name] = []string{value}
			h[http.CanonicalHeaderKey("X-RateLimit-"+name)] = []string{value}
		}
		q, told := readQuota(h)
		if told != (q.Limit > 0) || !(q.Left >= 0) || q.Left > 1e12 || q.Limit > 1e12 {
			t.Errorf("%+v, %v", q, told)
		}
		if at := q.At(time.Unix(1_800_000_000, 0)); at != q.Left && at != q.Limit {
			t.Errorf("%v of %+v", at, q)
		}
	})
}

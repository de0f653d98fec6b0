package charts

import (
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// Pick finds what a version or range means among the versions there are: the very version first, else the newest in
// range. Prereleases count only where the range names one, as in ">=1.0.0-0". "" is the newest. This is Helm's rule.
func Pick(have []string, wanted string) (int, error) {
	for i, v := range have {
		if wanted != "" && v == wanted {
			return i, nil
		}
	}
	if wanted == "" {
		wanted = "*"
	}
	constraint, err := semver.NewConstraint(wanted)
	if err != nil {
		return 0, fmt.Errorf("%q is neither a version nor a range of versions", wanted)
	}
	best, at := (*semver.Version)(nil), -1
	for i, text := range have {
		v, err := semver.NewVersion(text)
		if err != nil || !constraint.Check(v) {
			continue
		}
		// Builds of one version are equal to semver; the text decides, so that everybody picks the same.
		if c := compare(v, best); c > 0 || c == 0 && text > have[at] {
			best, at = v, i
		}
	}
	if at < 0 {
		return 0, fmt.Errorf("no version fits %q; there are %s", wanted, some(have))
	}
	return at, nil
}

func compare(v, best *semver.Version) int {
	if best == nil {
		return 1
	}
	return v.Compare(best)
}

func some(all []string) string {
	const most = 5
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return strings.Join(all[:most], ", ") + fmt.Sprintf(" and %d more", len(all)-most)
}

// Fits tells whether a version is what a version or range asks for.
func Fits(version, wanted string) bool {
	_, err := Pick([]string{version}, wanted)
	return err == nil
}

// same tells whether two versions are one: a leading v is taste.
func same(a, b string) bool { return strings.TrimPrefix(a, "v") == strings.TrimPrefix(b, "v") }

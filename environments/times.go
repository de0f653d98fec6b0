package environments

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

var days = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`([0-9]+(?:\.[0-9]+)?)d`)
})

// parseDuration reads Go's durations and days: 90m, 36h, 2d, 1d12h.
func parseDuration(s string) (time.Duration, error) {
	inHours := days().ReplaceAllStringFunc(s, func(d string) string {
		n, err := strconv.ParseFloat(strings.TrimSuffix(d, "d"), 64)
		if err != nil || n > 36500 {
			return d
		}
		return strconv.FormatFloat(n*24, 'f', -1, 64) + "h"
	})
	d, err := time.ParseDuration(inHours)
	if err != nil || d < 0 || d > 10*365*24*time.Hour {
		return 0, errors.New("write it as 90m, 36h, 2d or 1d12h, at most ten years")
	}
	return d, nil
}

// parseClock reads a time of day; one that breaks its rule was reported and is midnight.
func parseClock(s string) time.Duration {
	h, m, _ := strings.Cut(s, ":")
	hours, _ := strconv.Atoi(h)
	minutes, _ := strconv.Atoi(m)
	return time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
}

// zones are those read so far: every app of every environment asks for the same few, each a file to read.
var zones sync.Map // of *time.Location, by name

// parseZone reads an IANA name. "Local" is refused: it would mean something else on every machine.
func parseZone(s string) (*time.Location, error) {
	if zone, ok := zones.Load(s); ok {
		return zone.(*time.Location), nil
	}
	if s == "" || s == "Local" {
		return nil, errors.New("write a name such as Europe/Berlin or UTC")
	}
	zone, err := time.LoadLocation(s)
	if err != nil {
		return nil, errors.New("no such zone; write a name such as Europe/Berlin or UTC")
	}
	zones.Store(s, zone)
	return zone, nil
}

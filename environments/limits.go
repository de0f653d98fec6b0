package environments

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// limitsFile bounds what one render may take.
type limitsFile struct {
	Time      someTime `yaml:"time" default:"30s" doc:"How long a render may take." example:"1m"`
	Memory    byteSize `yaml:"memory" default:"256MB" doc:"What templates may make, printed or not. One value, and all that is rendered, may be an eighth of it; the files of a kustomization a quarter." example:"512MB"`
	Documents int      `yaml:"documents" default:"20000" jsonschema:"minimum=1,maximum=1000000" doc:"Documents of a render; a kustomization reads half as many." example:"40000"`
	File      byteSize `yaml:"file" default:"16MB" doc:"Size of one file that a render reads. Helm itself reads none above 5 MB." example:"32MB"`
	Depth     int      `yaml:"depth" default:"500" jsonschema:"minimum=1,maximum=5000" doc:"Levels of a value, and calls of tpl inside tpl; a template may be included inside itself twice as often." example:"1000"`
	Aliases   byteSize `yaml:"aliases" default:"8MB" doc:"What aliases of YAML may unfold to in all files of a kustomization." example:"16MB"`
}

// someTime is a duration above zero: zero would be the built-in limit, and nobody would expect that.
type someTime string

func (someTime) rule() rule {
	r := duration("").rule()
	r.check = func(s string) error {
		_, err := parseSomeTime(s)
		return err
	}
	return r
}

func parseSomeTime(s string) (time.Duration, error) {
	d, err := parseDuration(s)
	if err == nil && d == 0 {
		err = errors.New("no time at all; leave it out for the built-in limit")
	}
	return d, err
}

type byteSize string

func (byteSize) rule() rule {
	return rule{name: "a size such as 512KB, 16MB or 1GB", pattern: sizes().String(), check: func(s string) error {
		_, err := parseSize(s)
		return err
	}}
}

var sizes = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([1-9][0-9]{0,3})(KB|MB|GB)$`)
})

var errSize = errors.New("write it as 512KB, 16MB or 1GB")

// parseSize reads bytes.
func parseSize(s string) (int, error) {
	m := sizes().FindStringSubmatch(s)
	if m == nil {
		return 0, errSize
	}
	n, _ := strconv.Atoi(m[1]) // four digits
	return n << map[string]int{"KB": 10, "MB": 20, "GB": 30}[m[2]], nil
}

// Limits bound one render; zero is as built in. They change no manifest, only whether there is one.
type Limits struct {
	Time      time.Duration
	Memory    int // bytes
	Documents int
	File      int // bytes
	Depth     int
	Aliases   int // bytes
}

func limitsOf(f limitsFile) Limits {
	l := Limits{Documents: f.Documents, Depth: f.Depth}
	l.Time, _ = parseSomeTime(string(f.Time)) // what breaks a rule was reported
	l.Memory, _ = parseSize(string(f.Memory))
	l.File, _ = parseSize(string(f.File))
	l.Aliases, _ = parseSize(string(f.Aliases))
	return l
}

// ParseLimits reads limits as a flag gives them: memory=512MB,time=1m. What it does not name is zero.
func ParseLimits(text string) (Limits, error) {
	var l Limits
	if text == "" {
		return l, nil
	}
	ints := map[string]*int{"memory": &l.Memory, "file": &l.File, "aliases": &l.Aliases, "documents": &l.Documents, "depth": &l.Depth}
	for _, pair := range strings.Split(text, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		var err error
		switch to := ints[key]; {
		case key == "time":
			l.Time, err = parseSomeTime(value)
		case key == "documents" || key == "depth":
			if *to, err = strconv.Atoi(value); err != nil || *to < 1 {
				err = errors.New("write a number above zero")
			}
		case to != nil:
			*to, err = parseSize(value)
		default:
			err = errors.New("there are time, memory, documents, file, depth and aliases")
		}
		if err != nil {
			return Limits{}, fmt.Errorf("%q: %w", pair, err)
		}
	}
	return l, nil
}

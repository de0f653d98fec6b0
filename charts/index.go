package charts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

// Version is one version of a chart as an index lists it.
type Version struct {
	Version string   `yaml:"version" json:"version"`
	URLs    []string `yaml:"urls" json:"urls"`
	Digest  string   `yaml:"digest" json:"digest"` // of the archive; "" where the index does not say
}

const maxEntry = 8 << 20 // bytes about one chart in an index

// versionsOf reads what an index says of one chart. An index lists all charts of a repository and may be large, so that the
// rest is passed over unread. None is no error.
func versionsOf(index []byte, name string) ([]Version, error) {
	trimmed := bytes.TrimLeft(index, " \t\r\n\ufeff")
	var all []*Version
	var err error
	if bytes.HasPrefix(trimmed, []byte("{")) {
		err = jsonEntry(trimmed, name, &all)
	} else {
		err = yamlEntry(index, name, &all)
		if errors.Is(err, errStyle) && len(index) <= maxEntry {
			err = wholeIndex(index, name, &all)
		}
	}
	if err != nil {
		return nil, err
	}
	var usable []Version
	for _, v := range all {
		if v != nil && v.Version != "" { // Helm passes over broken entries too
			usable = append(usable, *v)
		}
	}
	return usable, nil
}

// jsonEntry finds the entry in an index that is JSON.
func jsonEntry(index []byte, name string, into *[]*Version) error {
	d := json.NewDecoder(bytes.NewReader(index))
	if err := enter(d, "entries"); err != nil {
		return fmt.Errorf("it is no index of charts: %w", err)
	}
	if err := enter(d, name); errors.Is(err, io.EOF) {
		return nil
	} else if err != nil {
		return err
	}
	return d.Decode(into)
}

// enter moves a decoder to the value of a key of the object that comes next; io.EOF where it has none of that name.
func enter(d *json.Decoder, key string) error {
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("there is no object")
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		if t == key {
			return nil
		}
		var pass json.RawMessage
		if err := d.Decode(&pass); err != nil {
			return err
		}
	}
	return io.EOF
}

// yamlEntry finds the entry in an index that is YAML in block style, as every program writes it: the lines below the
// chart's name, which are deeper than it or begin a list at its depth.
func yamlEntry(index []byte, name string, into *[]*Version) error {
	found := false
	entry := []byte(nil)
	inside, depth, mine := false, -1, false
	for line := range bytes.Lines(index) {
		text := bytes.TrimLeft(line, " ")
		indent := len(line) - len(text)
		text = bytes.TrimRight(text, " \t\r\n")
		blank := len(text) == 0 || text[0] == '#'
		listed := bytes.HasPrefix(text, []byte("- ")) || bytes.Equal(text, []byte("-"))
		switch {
		case !inside:
			key := string(beforeComment(text))
			inside = indent == 0 && key == "entries:"
			found = found || inside || indent == 0 && key == "entries: {}"
			continue
		case blank:
		case indent == 0 && !listed:
			inside = false
			continue
		case depth < 0 || indent == depth && !listed:
			depth = indent
			mine = keyOf(text) == name
			if mine {
				entry = append(entry[:0], []byte("x:\n")...) // the last one counts, where there are two
			}
			if mine && !bytes.HasSuffix(beforeComment(text), []byte(":")) {
				return errStyle
			}
			continue
		}
		if mine {
			if entry = append(entry, line...); len(entry) > maxEntry {
				return fmt.Errorf("more than %d MB about one chart", maxEntry>>20)
			}
		}
	}
	if !found {
		return errStyle
	}
	if entry == nil {
		return nil
	}
	var doc struct{ X []*Version }
	if err := yaml.Unmarshal(entry, &doc); err != nil {
		return err
	}
	*into = doc.X
	return nil
}

// errStyle is an index that is written in no way that programs write it.
var errStyle = errors.New("it is no index of charts: there is no entries in block style")

// wholeIndex reads a small index in any style that YAML has.
func wholeIndex(index []byte, name string, into *[]*Version) error {
	var doc struct {
		Entries map[string][]*Version `yaml:"entries"`
	}
	if yaml.Unmarshal(index, &doc) != nil || doc.Entries == nil {
		return errors.New("it is no index of charts: there is no entries")
	}
	*into = doc.Entries[name]
	return nil
}

// keyOf gives the key that a line begins with, without quotes.
func keyOf(text []byte) string {
	var pair map[string]yaml.Node
	if yaml.Unmarshal(text, &pair) != nil {
		return ""
	}
	for key := range pair {
		return key
	}
	return ""
}

func beforeComment(text []byte) []byte {
	before, _, _ := bytes.Cut(text, []byte(" #"))
	return bytes.TrimRight(before, " ")
}

package git

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/config"
)

// Bare tells whether the repository is without a work tree; one behind a server counts as bare.
func (r *Repository) Bare() bool {
	d, onDisk := r.home.(*diskHome)
	return !onDisk || d.dir.bare
}

// Config gives a value of the repository's own configuration, "" where it has none, as every repository behind a server:
// remote.origin.url.
func (r *Repository) Config(key string) (string, error) {
	d, onDisk := r.home.(*diskHome)
	if !onDisk {
		return "", nil
	}
	return ConfigValue(filepath.Join(d.dir.common, "config"), key)
}

// ConfigValue gives a value of a file in Git's configuration format, the last where there are several, "" where it or the
// file is missing. Files that it includes are not read.
func ConfigValue(file, key string) (string, error) {
	text, err := readSmall(file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	c := config.New()
	if err := config.NewDecoder(strings.NewReader(text)).Decode(c); err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	section, name, _ := strings.Cut(key, ".")
	if sub, last, ok := cutLast(name, "."); ok {
		return c.Section(section).Subsection(sub).Option(last), nil
	}
	return c.Section(section).Option(name), nil
}

package main

import (
	"io/fs"
	"os"
	"strings"
	"testing"
)

// privateWords are of some machine or network, never of this project. They are cut in two so that this list does not
// find itself.
var privateWords = []string{"/wo" + "rk/", "/tmp/wa" + "rm", "GOPR" + "OXY", "GOSU" + "MDB", "GONO" + "SUMDB", "npm_config_" + "registry", "PIP_INDEX" + "_URL"}

// Nothing in the repository names a path of a private machine or a mirror of packages: it has to work anywhere.
func TestNoPrivateWords(t *testing.T) {
	root := os.DirFS("../..")
	read := 0
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path == ".git" || path == ".ci/out" || path == "bench/out" {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() || built(path) {
			return nil
		}
		data, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		read++
		for _, word := range privateWords {
			if strings.Contains(string(data), word) {
				t.Errorf("%s contains %s", path, word)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if read < 100 {
		t.Errorf("only %d files were read", read)
	}
}

// built tells what .gitignore keeps out: programs.
func built(path string) bool {
	return path == "ferry" || strings.HasSuffix(path, ".test") || strings.HasSuffix(path, ".out")
}

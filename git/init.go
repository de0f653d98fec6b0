package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Init makes a new bare repository in a folder that is empty or not there, with HEAD at refs/heads/main, and opens it.
func Init(ctx context.Context, dir string, o Options) (*Repository, error) {
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("make repository %s: %w", dir, err)
	}
	if len(files) > 0 {
		return nil, fmt.Errorf("make repository %s: the folder is not empty", dir)
	}
	for _, folder := range []string{"objects/info", "objects/pack", "refs/heads", "refs/tags"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(folder)), 0o777); err != nil {
			return nil, fmt.Errorf("make repository: %w", err)
		}
	}
	// HEAD comes last: with it the folder is a repository.
	for _, file := range []struct{ name, text string }{
		{"config", "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"},
		{"HEAD", "ref: refs/heads/main\n"},
	} {
		if err := os.WriteFile(filepath.Join(dir, file.name), []byte(file.text), 0o666); err != nil {
			return nil, fmt.Errorf("make repository: %w", err)
		}
	}
	return Open(ctx, dir, o)
}

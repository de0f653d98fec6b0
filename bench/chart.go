package main

import (
	"embed"
	"io/fs"
	"os"
	"path/filepath"
)

// chart is the app's: of the size that a web service has.
//
//go:embed all:chart
var chart embed.FS

// writeChart puts the chart where the app's repository keeps it.
func writeChart(repo string) error {
	root := filepath.Join(repo, "charts", "shop")
	return fs.WalkDir(chart, "chart", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel("chart", path)
		if err != nil {
			return err
		}
		to := filepath.Join(root, rel)
		if d.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		content, err := chart.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, content, 0o644)
	})
}

// Command look shows reports as a forge would: it converts Markdown to HTML as GitHub's dialect says, and photographs it in
// headless Chromium at three widths, closed and with everything unfolded. Look at the pictures before a change of words or
// layout is called done.
//
//	go run ./bench/look [-out FOLDER] [FILE.md ...]
//
// Without files it takes the golden files of the report.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
)

// widths are those of a desk, a tablet and a telephone, in points.
var widths = []int{1280, 768, 390}

func main() {
	out := flag.String("out", "bench/out/look", "where pictures go")
	flag.Parse()
	if err := run(*out, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "look:", err)
		os.Exit(1)
	}
}

func run(out string, files []string) error {
	if len(files) == 0 {
		var err error
		if files, err = filepath.Glob("report/testdata/golden/*.md"); err != nil || len(files) == 0 {
			return errors.Join(err, errors.New("no golden files: run this at the root of the repository"))
		}
	}
	browser, err := findBrowser()
	if err != nil {
		return err
	}
	if out, err = filepath.Abs(out); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for _, file := range files {
		if err := look(browser, out, file); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

func findBrowser() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("there is no Chromium: apt-get install chromium")
}

func look(browser, out, file string) error {
	markdown, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	name := strings.TrimSuffix(filepath.Base(file), ".md")
	for _, open := range []bool{false, true} {
		page, err := pageOf(markdown, open)
		if err != nil {
			return err
		}
		variant := name
		if open {
			variant += "-open"
		}
		at := filepath.Join(out, variant+".html")
		if err := os.WriteFile(at, page, 0o644); err != nil {
			return err
		}
		for _, width := range widths {
			if err := photograph(browser, at, filepath.Join(out, fmt.Sprintf("%s-%d.png", variant, width)), width); err != nil {
				return err
			}
		}
	}
	return nil
}

// pageOf converts Markdown as a forge does and puts it into a page that looks like one.
func pageOf(markdown []byte, open bool) ([]byte, error) {
	gfm := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe()))
	var body bytes.Buffer
	if err := gfm.Convert(markdown, &body); err != nil {
		return nil, err
	}
	text := body.String()
	if open {
		text = strings.ReplaceAll(text, "<details>", "<details open>")
	}
	return []byte("<!doctype html><meta charset=utf-8><style>" + style + "</style><main>" + text + "</main>"), nil
}

// style is as near to a forge's page as matters for reading: its widths, sizes and how tables and code break.
const style = `body{margin:0;font:14px/1.5 sans-serif;color:#1f2328}main{max-width:860px;margin:16px auto;padding:16px;border:1px solid #d1d9e0;border-radius:6px}
table{border-collapse:collapse;display:block;overflow:auto;max-width:100%}td,th{border:1px solid #d1d9e0;padding:6px 13px;vertical-align:top}
code{background:#eff1f3;border-radius:6px;padding:.2em .4em;font:85% monospace}pre{background:#f6f8fa;padding:16px;overflow:auto;border-radius:6px}pre code{background:none;padding:0}
a{color:#0969da}details{margin:8px 0}summary{cursor:pointer}`

// photograph takes one picture, as tall as a screen of that kind.
func photograph(browser, page, picture string, width int) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	home, err := os.MkdirTemp("", "look-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(home)
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--user-data-dir="+home,
		fmt.Sprintf("--window-size=%d,1000", width), "--screenshot="+picture, "file://"+page)
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("take %s: %w\n%s", filepath.Base(picture), err, said)
	}
	return nil
}

package main

import (
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ferry-cd/ferry/charts/chartstest"
)

// chartsCommand is a chart repository for stories:
//
//	charts start                    on this machine, at $CHARTS
//	charts publish DIR NAME VERSION a chart of a folder; both are put into its Chart.yaml
//	charts push DIR NAME VERSION    the same into the registry, as $REGISTRY/charts/NAME
//	charts asked PATH N             a path was asked for so often
//	charts stop                     it goes away
func chartsCommand(ts *testscript.TestScript, _ bool, args []string) {
	server, _ := ts.Value(chartsKey{}).(*chartStand)
	images, _ := ts.Value(serverKey{}).(*stand)
	if len(args) == 0 {
		ts.Fatalf("charts: what?")
	}
	switch rest := args[1:]; args[0] {
	case "start":
		server.Server = chartstest.Start()
		ts.Defer(server.Close)
		ts.Setenv("CHARTS", server.URL)
	case "publish":
		server.Publish(rest[1], rest[2], chartFiles(ts, rest[0], rest[1], rest[2]))
	case "push":
		images.Artifact("charts/"+rest[1], rest[2], nil, "application/vnd.cncf.helm.config.v1+json", []byte("{}"), map[string][]byte{
			"application/vnd.cncf.helm.chart.content.v1.tar+gzip": chartstest.Pack(rest[1], chartFiles(ts, rest[0], rest[1], rest[2]))})
	case "asked":
		if n := strconv.Itoa(server.Hits(rest[0])); n != rest[1] {
			ts.Fatalf("%s was asked for %s times", rest[0], n)
		}
	case "stop":
		server.Close()
	default:
		ts.Fatalf("charts %s?", args[0])
	}
}

func chartFiles(ts *testscript.TestScript, dir, chart, version string) map[string][]byte {
	files := map[string][]byte{}
	root := os.DirFS(ts.MkAbs(dir))
	ts.Check(fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, name)
		if name == "Chart.yaml" {
			data = []byte(strings.NewReplacer("NAME", chart, "VERSION", version).Replace(string(data)))
		}
		files[name] = data
		return err
	}))
	return files
}

// chartStand keeps the chart repository of one story.
type chartStand struct{ *chartstest.Server }

type chartsKey struct{}

package main

import (
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ferry-cd/ferry/source/registry/registrytest"
)

// registryCommand is a registry for stories:
//
//	registry start                        on this machine, named by $REGISTRY
//	registry image NAME:TAG WORD [K=V]... an image, with labels org.opencontainers.image.K; its digest is $DIGEST
//	registry index NAME:TAG               one for two architectures
//	registry delete NAME DIGEST           as retention does
//	registry guard USER PASSWORD          from now on it wants to know who asks
//	registry stop                         it goes away
func registryCommand(ts *testscript.TestScript, _ bool, args []string) {
	server, _ := ts.Value(serverKey{}).(*stand)
	if len(args) == 0 {
		ts.Fatalf("registry: what?")
	}
	switch rest := args[1:]; args[0] {
	case "start":
		server.Server = registrytest.New()
		ts.Defer(server.Close)
		ts.Setenv("REGISTRY", server.Host)
	case "image":
		name, tag, _ := strings.Cut(rest[0], ":")
		labels := map[string]string{}
		for _, label := range rest[2:] {
			key, value, _ := strings.Cut(label, "=")
			labels["org.opencontainers.image."+key] = value
		}
		ts.Setenv("DIGEST", server.Image(name, tag, rest[1], labels))
	case "index":
		name, tag, _ := strings.Cut(rest[0], ":")
		ts.Setenv("DIGEST", server.Index(name, tag, nil, nil, "amd64", "arm64"))
	case "delete":
		server.Delete(rest[0], rest[1])
	case "guard":
		server.Guard(registrytest.Porter{User: rest[0], Password: rest[1]})
	case "stop":
		server.Close()
	default:
		ts.Fatalf("registry %s?", args[0])
	}
}

// stand keeps the registry of one story.
type stand struct{ *registrytest.Server }

type serverKey struct{}

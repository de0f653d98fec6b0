// Package templates holds what ferry ships as text.
package templates

import "embed"

// Demo is the pair of repositories that "ferry demo" plays with: app, where images and templates come from, and gitops.
//
//go:embed all:demo
var Demo embed.FS

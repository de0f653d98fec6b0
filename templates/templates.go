// Package templates holds what ferry ships as text.
package templates

import "embed"

// Demo is the pair of repositories that "ferry demo" plays with: app, where images and templates come from, and gitops.
//
//go:embed all:demo
var Demo embed.FS

// Starter is what a new app or a new repository begins with, where the repository has nothing of its own: new-app has one
// folder for each engine, with {placeholders} in paths and texts.
//
//go:embed all:starter
var Starter embed.FS

// Action is action.yml without the inputs that are flags.
//
//go:embed action.yml
var Action string

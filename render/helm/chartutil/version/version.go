// Package version has the type of .Capabilities.HelmVersion, under the name that templates see of it.
package version

import "runtime"

// BuildInfo is what Helm says of itself.
type BuildInfo struct {
	Version      string `json:"version,omitempty"`
	GitCommit    string `json:"git_commit,omitempty"`
	GitTreeState string `json:"git_tree_state,omitempty"`
	GoVersion    string `json:"go_version,omitempty"`
}

// Get is what the Helm says that `go install` makes.
func Get() BuildInfo { return BuildInfo{Version: "v3.22", GoVersion: runtime.Version()} }

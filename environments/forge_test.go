package environments

import "testing"

func TestForgeOf(t *testing.T) {
	for text, want := range map[string]Forge{
		"":                           {},
		"version: 1\n":               {},
		"forge: {kind: gitlab}\n":    {Kind: "gitlab"},
		"forge: {kind: sourceforge}": {},
		"forge: {kind: gitea, url: https://git.example.com/forge}\nenvironments: 7": {Kind: "gitea", URL: "https://git.example.com/forge"},
		"forge: {kind: gitea, url: https://me:secret@git.example.com}":              {},
		"forge: {kind: gitea, url: file:///etc/passwd}":                             {},
		"forge: {kind: gitea, port: 7}":                                             {},
		"forge: [gitea]":                                                            {},
		"forge: {kind: [":                                                           {},
	} {
		if got := ForgeOf([]byte(text)); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}

package github_test

import (
	"testing"

	"github.com/ferry-cd/ferry/scm/github/fake"
)

func refereed(t *testing.T, f *fake.Fake) {}

package bitbucket_test

import (
	"net/http"
	"testing"

	"github.com/ferry-cd/ferry/scm/bitbucket/fake"
	"github.com/ferry-cd/ferry/scm/scmtest"
	"github.com/ferry-cd/ferry/scm/scmtest/faults"
)

func TestFaults(t *testing.T) {
	faults.Run(t, func(t *testing.T, wrap func(http.Handler) http.Handler) scmtest.Fixture {
		f := fake.New(t)
		f.Wrap(wrap)
		return fixture(t, f)
	})
}

// Package helper starts docker-credential-* programs, which keep credentials for registries. It is the one room of the
// house that starts a program, and it does so only where a person allowed it: which program that is stands in a file of
// the user's own, never in anything that ferry reads from a repository or a registry.
package helper

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/source/registry"
)

const (
	patience  = 30 * time.Second
	maxAnswer = 64 << 10 // bytes
)

// Ask gets the credentials of a server from docker-credential-<name>, in the protocol of docker's credential helpers.
// What the program does not know is nobody's login, and no error.
func Ask(ctx context.Context, name, server string) (registry.Login, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "docker-credential-"+name, "get")
	cmd.Stdin = strings.NewReader(server)
	cmd.WaitDelay = time.Second // children of its own may hold its output open
	var out bytes.Buffer
	room := &limited{&out, maxAnswer}
	cmd.Stdout = room
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return registry.Login{}, fmt.Errorf("it did not answer within %s", patience)
	case room.left < 0:
		return registry.Login{}, errTooLong
	case err != nil && strings.Contains(out.String(), "credentials not found"):
		return registry.Login{}, nil
	case err != nil:
		return registry.Login{}, fmt.Errorf("%s: %w", door.Excerpt(out.Bytes()), err)
	}
	return read(out.Bytes())
}

func read(data []byte) (registry.Login, error) {
	var said struct{ Username, Secret string }
	if err := json.Unmarshal(data, &said); err != nil {
		return registry.Login{}, errors.New("its answer is not the JSON that credential helpers give")
	}
	if said.Username == "<token>" { // how helpers mark an identity token
		return registry.Login{Identity: door.NewToken(said.Secret)}, nil
	}
	return registry.Login{Username: said.Username, Password: door.NewToken(said.Secret)}, nil
}

var errTooLong = errors.New("its answer is too long")

// limited stops a program that has no end.
type limited struct {
	to   io.Writer
	left int
}

// Write implements io.Writer.
func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, errTooLong
	}
	return l.to.Write(p)
}

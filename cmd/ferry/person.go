package main

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"github.com/ferry-cd/ferry/git"
)

// user is the name of the person at the command line: what --as says, else Git's user.name, else the system's.
func (a *app) user(ctx context.Context, as string) (string, error) {
	if as != "" {
		return as, nil
	}
	name, err := a.gitValue(ctx, "user.name")
	if err != nil {
		return "", err
	}
	for _, name := range []string{name, a.Getenv("USER"), a.Getenv("USERNAME")} {
		if name != "" {
			return name, nil
		}
	}
	return "", usagef("nobody knows who you are: name yourself with --as, or set Git's user.name")
}

// identity is how commits name a user: with Git's e-mail address where the user is the one Git knows.
func (a *app) identity(ctx context.Context, user string) (git.Identity, error) {
	name, err := a.gitValue(ctx, "user.name")
	email, err2 := a.gitValue(ctx, "user.email")
	if err := errors.Join(err, err2); err != nil {
		return git.Identity{}, err
	}
	if name != user || email == "" {
		email = strings.Join(strings.Fields(strings.ToLower(user)), ".") + "@localhost"
	}
	return git.Identity{Name: user, Email: email}, nil
}

// gitValue reads a setting as Git does: the repository's own first, then the person's. Environment variables that Git
// obeys in place of a file are obeyed too.
func (a *app) gitValue(ctx context.Context, key string) (string, error) {
	if v := a.Getenv(map[string]string{"user.name": "GIT_AUTHOR_NAME", "user.email": "GIT_AUTHOR_EMAIL"}[key]); v != "" {
		return v, nil
	}
	if _, repo, err := a.repositoryHere(ctx); err == nil {
		if v, err := repo.Config(key); v != "" || err != nil {
			return v, err
		}
	}
	for _, file := range a.gitFiles() {
		if v, err := git.ConfigValue(file, key); v != "" || err != nil {
			return v, err
		}
	}
	return "", nil
}

// gitFiles are the person's own settings, the most telling first.
func (a *app) gitFiles() []string {
	if file := a.Getenv("GIT_CONFIG_GLOBAL"); file != "" {
		return []string{file}
	}
	home := a.Getenv("HOME")
	if home == "" {
		return nil
	}
	more := a.Getenv("XDG_CONFIG_HOME")
	if more == "" {
		more = filepath.Join(home, ".config")
	}
	return []string{filepath.Join(home, ".gitconfig"), filepath.Join(more, "git", "config")}
}

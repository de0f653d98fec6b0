package git_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/git/gittest"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"
)

// sshServer runs git's services behind an ssh server of the test's own, which lets one key in.
type sshServer struct {
	addr   string
	host   ssh.Signer
	client ed25519.PrivateKey
	known  string // lines of known_hosts
	silent bool   // accepts connections and says nothing
}

func newKey(t *testing.T) (ed25519.PrivateKey, ssh.Signer) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key, must(ssh.NewSignerFromKey(key))(t)
}

func pemOf(t *testing.T, key ed25519.PrivateKey) door.Token {
	t.Helper()
	return door.NewToken(string(pem.EncodeToMemory(must(ssh.MarshalPrivateKey(key, ""))(t))))
}

func newSSHServer(t *testing.T, silent bool) *sshServer {
	t.Helper()
	l := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	t.Cleanup(func() { l.Close() })
	s := &sshServer{addr: l.Addr().String(), silent: silent}
	_, s.host = newKey(t)
	key, signer := newKey(t)
	s.client = key
	s.known = knownhosts.Line([]string{s.addr}, s.host.PublicKey()) + "\n"
	config := &ssh.ServerConfig{PublicKeyCallback: func(c ssh.ConnMetadata, k ssh.PublicKey) (*ssh.Permissions, error) {
		if c.User() != "git" || string(k.Marshal()) != string(signer.PublicKey().Marshal()) {
			return nil, errors.New("who are you?")
		}
		return nil, nil
	}}
	config.AddHostKey(s.host)
	config.AddHostKey(ecdsaKey(t)) // a second kind of key that the client does not know
	go s.serve(l, config)
	return s
}

func ecdsaKey(t *testing.T) ssh.Signer {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return must(ssh.ParsePrivateKey(must(os.ReadFile(file))(t)))(t)
}

func (s *sshServer) serve(l net.Listener, config *ssh.ServerConfig) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		if s.silent {
			continue
		}
		go func() {
			defer conn.Close()
			_, channels, requests, err := ssh.NewServerConn(conn, config)
			if err != nil {
				return
			}
			go ssh.DiscardRequests(requests)
			for c := range channels {
				go session(c)
			}
		}()
	}
}

func session(c ssh.NewChannel) {
	ch, requests, err := c.Accept()
	if err != nil {
		return
	}
	defer ch.Close()
	for req := range requests {
		_ = req.Reply(req.Type == "exec", nil)
		if req.Type != "exec" {
			continue
		}
		var command struct{ Text string }
		_ = ssh.Unmarshal(req.Payload, &command)
		cmd := exec.Command("sh", "-c", command.Text)
		cmd.Env, cmd.Stdout, cmd.Stderr = gittest.Env(), ch, ch.Stderr()
		in, _ := cmd.StdinPipe()
		go func() { _, _ = io.Copy(in, ch); in.Close() }()
		_ = cmd.Run()
		_, _ = ch.SendRequest("exit-status", false, []byte{0, 0, 0, 0})
		return
	}
}

func TestSSH(t *testing.T) {
	s := newSSHServer(t, false)
	dir := gittest.Bare(t, map[string]string{"a": "1\n", "dir/b": "2\n"})
	awkward := filepath.Join(t.TempDir(), "it's; touch hacked! $(x).git")
	if err := os.Rename(dir, awkward); err != nil {
		t.Fatal(err)
	}
	gittest.Run(t, awkward, "config", "uploadpack.allowAnySHA1InWant", "true")
	gittest.Run(t, awkward, "config", "uploadpack.allowFilter", "true")
	o := options
	o.SSHKey, o.KnownHosts = pemOf(t, s.client), s.known
	remote := "ssh://git@" + s.addr + awkward
	r := must(git.Open(t.Context(), strings.ReplaceAll(strings.ReplaceAll(remote, " ", "%20"), ";", "%3B"), o))(t)
	if err := r.Fetch(t.Context(), 1, "refs/heads/main"); err != nil {
		t.Fatal(err)
	}
	from := tip(t, r, "main")
	e := must(r.Lookup(t.Context(), from.Tree, "dir/b"))(t)
	if got := string(must(r.Blob(t.Context(), e.ID))(t)); got != "2\n" {
		t.Errorf("blob = %q", got)
	}
	id := change(t, r, from, map[string]string{"a": "3\n"})
	if err := r.Push(t.Context(), git.Update{Ref: "refs/heads/main", Old: from.ID, New: id}); err != nil {
		t.Fatal(err)
	}
	fsck(t, awkward)
	if got := gittest.Run(t, awkward, "show", "main:a"); got != "3" {
		t.Errorf("a = %q", got)
	}
}

func TestSSHAgentAndFile(t *testing.T) {
	s := newSSHServer(t, false)
	dir := gittest.Bare(t, map[string]string{"a": "1\n"})
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: &s.client}); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "agent")
	l := must(net.Listen("unix", socket))(t)
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, conn); conn.Close() }()
		}
	}()
	known := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(known, []byte(s.known), 0o600); err != nil {
		t.Fatal(err)
	}
	o := options
	o.SSHAgent, o.KnownHosts = socket, known
	r := must(git.Open(t.Context(), "ssh://"+s.addr+dir, o))(t)
	if refs, err := r.Refs(t.Context()); err != nil || len(refs) != 1 {
		t.Errorf("%v, %v", refs, err)
	}
}

func TestSSHFailures(t *testing.T) {
	s := newSSHServer(t, false)
	stranger, other := newKey(t)
	dir := gittest.Bare(t, map[string]string{"a": "1\n"})
	good := git.Options{SSHKey: pemOf(t, s.client), KnownHosts: s.known}
	for name, c := range map[string]struct {
		path string
		o    git.Options
		is   error
	}{
		"all is well":       {dir, good, nil},
		"no repository":     {dir + "/no", good, git.ErrNotFound},
		"another key":       {dir, git.Options{SSHKey: pemOf(t, stranger), KnownHosts: s.known}, git.ErrCredentials},
		"no key":            {dir, git.Options{KnownHosts: s.known}, git.ErrCredentials},
		"no such agent":     {dir, git.Options{SSHAgent: "/no/agent", KnownHosts: s.known}, git.ErrCredentials},
		"not a key":         {dir, git.Options{SSHKey: door.NewToken(canary), KnownHosts: s.known}, git.ErrCredentials},
		"no known hosts":    {dir, git.Options{SSHKey: good.SSHKey}, git.ErrUnreachable},
		"unknown host":      {dir, git.Options{SSHKey: good.SSHKey, KnownHosts: strings.Replace(s.known, "127.0.0.1", "127.0.0.2", 1)}, git.ErrUnreachable},
		"host has changed":  {dir, git.Options{SSHKey: good.SSHKey, KnownHosts: knownhosts.Line([]string{s.addr}, other.PublicKey()) + "\n"}, git.ErrUnreachable},
		"broken host lines": {dir, git.Options{SSHKey: good.SSHKey, KnownHosts: "x y\n"}, git.ErrUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			r := must(git.Open(t.Context(), "ssh://git@"+s.addr+c.path, c.o))(t)
			_, err := r.Refs(t.Context())
			if !errors.Is(err, c.is) {
				t.Errorf("%v, want %v", err, c.is)
			}
			leaks(t, err)
			if err != nil && strings.Contains(fmt.Sprint(err), "PRIVATE KEY") {
				t.Errorf("the error shows the key: %v", err)
			}
		})
	}
	silent := newSSHServer(t, true)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	r := must(git.Open(ctx, "ssh://git@"+silent.addr+dir, git.Options{SSHKey: pemOf(t, silent.client), KnownHosts: silent.known}))(t)
	if _, err := r.Refs(ctx); !errors.Is(err, git.ErrUnreachable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a silent server: %v", err)
	}
}

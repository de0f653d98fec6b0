package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"
)

// sshWire runs a service on the server, through ssh. Each conversation has a connection of its own.
type sshWire struct {
	addr   string // host:port
	user   string
	path   string
	o      Options
	limits Limits
}

func newSSHWire(a address, o Options) *sshWire {
	addr := a.host
	if _, _, err := net.SplitHostPort(addr); err != nil {
		addr = net.JoinHostPort(strings.Trim(addr, "[]"), "22")
	}
	w := &sshWire{addr: addr, user: a.user, path: a.path, o: o, limits: o.Limits}
	if w.user == "" {
		w.user = "git"
	}
	return w
}

// errSSHLogin says that the connection stands and the key does not fit.
var errSSHLogin = errors.New("no key was accepted")

func (w *sshWire) open(ctx context.Context, service string, _ *advert) (*talk, error) {
	client, err := w.dial(ctx)
	if err != nil {
		return nil, ended(ctx, err)
	}
	stop := context.AfterFunc(ctx, func() { client.Close() })
	end := func() { stop(); client.Close() }
	t, err := w.start(client, service)
	if err != nil {
		end()
		return nil, ended(ctx, err)
	}
	t.close = end
	return t, nil
}

func (w *sshWire) start(client *ssh.Client, service string) (*talk, error) {
	session, err := client.NewSession()
	if err != nil {
		return nil, err
	}
	in, err := session.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := session.StdoutPipe()
	if err != nil {
		return nil, err
	}
	words := &words{}
	session.Stderr = words
	if err := session.Start(service + " " + shellQuote(w.path)); err != nil {
		return nil, err
	}
	a, err := readAdvert(out, w.limits.Refs)
	if err != nil {
		_ = session.Wait() // until all it had to say is there
		if text := words.String(); text != "" {
			return nil, &errSaid{text}
		}
		return nil, err
	}
	ask := func(_ context.Context, request []byte) (io.ReadCloser, error) {
		_, err := io.Copy(in, bytes.NewReader(request))
		return io.NopCloser(out), errors.Join(err, in.Close())
	}
	return &talk{advert: a, ask: ask}, nil
}

// shellQuote makes one word of a path for the shell at the other end.
func shellQuote(s string) string {
	return "'" + strings.NewReplacer("'", `'\''`, "!", `'\!'`).Replace(s) + "'"
}

func (w *sshWire) dial(ctx context.Context) (*ssh.Client, error) {
	check, algorithms, err := w.hostKeys()
	if err != nil {
		return nil, err
	}
	keys, done, err := w.keys()
	if err != nil {
		return nil, err
	}
	defer done()
	var asked atomic.Bool
	auth := ssh.PublicKeysCallback(func() ([]ssh.Signer, error) { asked.Store(true); return keys() })
	conn, err := (&net.Dialer{Timeout: 30 * time.Second}).DialContext(ctx, "tcp", w.addr)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	c, chans, reqs, err := ssh.NewClientConn(conn, w.addr, &ssh.ClientConfig{
		User: w.user, Auth: []ssh.AuthMethod{auth}, HostKeyCallback: check, HostKeyAlgorithms: algorithms, ClientVersion: "SSH-2.0-ferry",
	})
	if err != nil {
		conn.Close()
		if ctx.Err() == nil && asked.Load() {
			err = fmt.Errorf("%w for user %s: %w", errSSHLogin, w.user, err)
		}
		return nil, err
	}
	return ssh.NewClient(c, chans, reqs), nil
}

// keys gives what offers the keys, and what ends the connection to an agent.
func (w *sshWire) keys() (func() ([]ssh.Signer, error), func(), error) {
	if !w.o.SSHKey.IsZero() {
		signer, err := ssh.ParsePrivateKey([]byte(w.o.SSHKey.Reveal()))
		if err != nil {
			return nil, nil, fmt.Errorf("%w: the ssh key cannot be read; it must be a private key in PEM without a passphrase", errSSHLogin)
		}
		return func() ([]ssh.Signer, error) { return []ssh.Signer{signer}, nil }, func() {}, nil
	}
	if w.o.SSHAgent == "" {
		return nil, nil, fmt.Errorf("%w: there is neither an ssh key nor an agent", errSSHLogin)
	}
	conn, err := net.Dial("unix", w.o.SSHAgent)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: the ssh agent: %w", errSSHLogin, err)
	}
	return agent.NewClient(conn).Signers, func() { conn.Close() }, nil
}

// errHostKey says that the server is not known to be who it says.
var errHostKey = errors.New("the host key is not in known_hosts")

// hostKeys gives the check of the server's key, and the kinds of key that are known for it: a server asked for another
// kind would look like a stranger.
func (w *sshWire) hostKeys() (ssh.HostKeyCallback, []string, error) {
	file, done, err := knownHostsFile(w.o.KnownHosts)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	check, err := knownhosts.New(file)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errHostKey, err)
	}
	probe := &noKey{}
	var unknown *knownhosts.KeyError
	if !errors.As(check(w.addr, &net.TCPAddr{IP: net.IPv4zero}, probe), &unknown) || len(unknown.Want) == 0 {
		return nil, nil, fmt.Errorf("%w for %s", errHostKey, w.addr)
	}
	var algorithms []string
	for _, k := range unknown.Want {
		if k.Key.Type() == ssh.KeyAlgoRSA {
			algorithms = append(algorithms, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
		}
		algorithms = append(algorithms, k.Key.Type())
	}
	return check, algorithms, nil
}

// knownHostsFile gives a file: the one named, or one made of the lines given.
func knownHostsFile(text string) (file string, done func(), err error) {
	if text == "" {
		return "", nil, fmt.Errorf("%w: there is no such file", errHostKey)
	}
	if !strings.ContainsAny(text, " \n") || exists(text) {
		return text, func() {}, nil
	}
	f, err := os.CreateTemp("", "known_hosts")
	if err != nil {
		return "", nil, err
	}
	_, err = f.WriteString(text)
	return f.Name(), func() { os.Remove(f.Name()) }, errors.Join(err, f.Close())
}

// noKey is a key that no host has, to ask which ones are known.
type noKey struct{}

func (*noKey) Type() string                        { return "none" }
func (*noKey) Marshal() []byte                     { return nil }
func (*noKey) Verify([]byte, *ssh.Signature) error { return errHostKey }

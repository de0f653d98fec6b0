package git_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/pem"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"golang.org/x/crypto/ssh"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/git/gittest"
)

// signedCommit makes a commit with a key and gives its repository and id.
func signedCommit(t *testing.T, key, passphrase string) (dir string, id git.ID) {
	t.Helper()
	signer, err := git.NewSigner(door.NewToken(key), door.NewToken(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	dir = gittest.Bare(t, map[string]string{"a": "1\n"})
	o := options
	o.Signer = signer
	repo, err := git.Open(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	head := git.ID(gittest.Run(t, dir, "rev-parse", "main"))
	was, err := repo.Commit(t.Context(), head)
	if err != nil {
		t.Fatal(err)
	}
	id, err = repo.WriteCommit(t.Context(), git.NewCommit{Tree: was.Tree, Parents: []git.ID{head}, Message: "signed\n\nwith care"})
	if err != nil {
		t.Fatal(err)
	}
	if err := repo.Push(t.Context(), git.Update{Ref: "refs/heads/main", Old: head, New: id}); err != nil {
		t.Fatal(err)
	}
	gittest.Run(t, dir, "fsck", "--strict")
	return dir, id
}

// taken splits a commit into what was signed and the signature.
func taken(t *testing.T, dir string, id git.ID) (signed, signature string) {
	t.Helper()
	raw := gittest.Run(t, dir, "cat-file", "commit", string(id)) + "\n"
	headers, message, _ := strings.Cut(raw, "\n\n")
	before, rest, ok := strings.Cut(headers+"\n", "gpgsig ")
	if !ok {
		t.Fatalf("no signature in\n%s", raw)
	}
	return before + "\n" + message, strings.ReplaceAll(rest, "\n ", "\n")
}

// present tells whether a program is on this machine: with it, the one that people use is asked as well.
func present(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

// sshBlob is what stands in an SSH signature, after OpenSSH's PROTOCOL.sshsig.
type sshBlob struct {
	Magic                                     [6]byte
	Version                                   uint32
	Key, Namespace, Reserved, Hash, Signature string
}

// checkSSH verifies as a reader of the format would.
func checkSSH(t *testing.T, dir string, id git.ID, key ssh.PublicKey) {
	t.Helper()
	signed, armored := taken(t, dir, id)
	block, _ := pem.Decode([]byte(armored))
	if block == nil || block.Type != "SSH SIGNATURE" {
		t.Fatalf("no armour: %q", armored)
	}
	var blob sshBlob
	var signature ssh.Signature
	if err := ssh.Unmarshal(block.Bytes, &blob); err != nil {
		t.Fatal(err)
	}
	if err := ssh.Unmarshal([]byte(blob.Signature), &signature); err != nil {
		t.Fatal(err)
	}
	sum := sha512.Sum512([]byte(signed))
	message := ssh.Marshal(struct {
		Magic                             [6]byte
		Namespace, Reserved, Hash, Digest string
	}{[6]byte([]byte("SSHSIG")), "git", "", "sha512", string(sum[:])})
	if err := key.Verify(message, &signature); err != nil {
		t.Error(err)
	}
}

// TestSSHSignatures compares with OpenSSH itself, through git, where it is there.
func TestSSHSignatures(t *testing.T) {
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]any{"ed25519": ed, "rsa": long, "ecdsa": ec} {
		t.Run(name, func(t *testing.T) {
			block, err := ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte("open sesame"))
			if err != nil {
				t.Fatal(err)
			}
			dir, id := signedCommit(t, string(pem.EncodeToMemory(block)), "open sesame")
			signer, err := ssh.NewSignerFromKey(key)
			if err != nil {
				t.Fatal(err)
			}
			checkSSH(t, dir, id, signer.PublicKey())
			if !present("ssh-keygen") {
				return
			}
			allowed := filepath.Join(t.TempDir(), "allowed")
			line := append([]byte("ferry@example.com "), ssh.MarshalAuthorizedKey(signer.PublicKey())...)
			if err := os.WriteFile(allowed, line, 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := gittest.Try(dir, "-c", "gpg.format=ssh", "-c", "gpg.ssh.allowedSignersFile="+allowed, "verify-commit", "-v", string(id))
			if err != nil || !strings.Contains(out, "Good \"git\" signature for ferry@example.com") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// TestOpenPGPSignatures compares with GnuPG itself, through git, where it is there.
func TestOpenPGPSignatures(t *testing.T) {
	entity, err := openpgp.NewEntity("ferry", "", "ferry@example.com", nil)
	if err != nil {
		t.Fatal(err)
	}
	var public, private bytes.Buffer
	write := func(out *bytes.Buffer, kind string, f func(w interface{ Write([]byte) (int, error) }) error) {
		w, err := armor.Encode(out, kind, nil)
		if err == nil {
			err = f(w)
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	write(&private, openpgp.PrivateKeyType, func(w interface{ Write([]byte) (int, error) }) error { return entity.SerializePrivate(w, nil) })
	write(&public, openpgp.PublicKeyType, func(w interface{ Write([]byte) (int, error) }) error { return entity.Serialize(w) })
	dir, id := signedCommit(t, private.String(), "")
	signed, armored := taken(t, dir, id)
	if _, err := openpgp.CheckArmoredDetachedSignature(openpgp.EntityList{entity}, strings.NewReader(signed), strings.NewReader(armored), nil); err != nil {
		t.Error(err)
	}
	if !present("gpg") {
		return
	}
	home, err := os.MkdirTemp("", "gpg") // a socket's path has to be short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(home)
	run := func(stdin string, name string, args ...string) (string, error) {
		cmd := exec.Command(name, args...)
		cmd.Dir, cmd.Stdin, cmd.Env = dir, strings.NewReader(stdin), append(gittest.Env(), "GNUPGHOME="+home)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run(public.String(), "gpg", "--batch", "--import"); err != nil {
		t.Fatalf("gpg: %v\n%s", err, out)
	}
	out, err := run("", "git", "verify-commit", string(id))
	if err != nil || !strings.Contains(out, "Good signature") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestSigningKeysThatCannotBe(t *testing.T) {
	_, key, _ := ed25519.GenerateKey(rand.Reader)
	block, err := ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte("open sesame"))
	if err != nil {
		t.Fatal(err)
	}
	locked := string(pem.EncodeToMemory(block))
	for name, c := range map[string]struct{ key, passphrase, want string }{
		"nothing":               {"", "", "neither an SSH key"},
		"a password":            {"canary-password", "", "neither an SSH key"},
		"broken PEM":            {"-----BEGIN OPENSSH PRIVATE KEY-----\ncanary\n-----END OPENSSH PRIVATE KEY-----", "", "cannot be read"},
		"broken armour":         {"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\ncanary\n-----END PGP PRIVATE KEY BLOCK-----", "", "signing key"},
		"locked":                {locked, "", "locked by a passphrase"},
		"with a wrong password": {locked, "canary", "cannot be read"},
	} {
		_, err := git.NewSigner(door.NewToken(c.key), door.NewToken(c.passphrase))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// passing is a credential that has expired when the test begins.
type passing struct{ token string }

func (p *passing) Authorize(_ context.Context, r *http.Request) error {
	r.SetBasicAuth("x-access-token", p.token)
	return nil
}

func (p *passing) Renew(context.Context) (bool, error) {
	fresh := p.token != "second-secret"
	p.token = "second-secret"
	return fresh, nil
}

func TestCredentialsAreRenewed(t *testing.T) {
	dir := gittest.Bare(t, map[string]string{"a": "1\n"})
	o := options
	who := &passing{"first-secret"}
	o.Credential = who
	repo, err := git.Open(t.Context(), gittest.NewServer(t, dir, gittest.Auth("x-access-token", "second-secret")), o)
	if err != nil {
		t.Fatal(err)
	}
	refs, err := repo.Refs(t.Context())
	if err != nil || refs["refs/heads/main"] == "" {
		t.Fatal(refs, err)
	}
	who.token = "first-secret" // expired again, before the push
	id, err := repo.EditTree(t.Context(), "")
	if err == nil {
		id, err = repo.WriteCommit(t.Context(), git.NewCommit{Tree: id, Message: "more"})
	}
	if err == nil {
		err = repo.Push(t.Context(), git.Update{Ref: "refs/heads/more", New: id})
	}
	if err != nil {
		t.Fatal(err)
	}
}

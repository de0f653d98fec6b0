package git

import (
	"bytes"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp"
	"golang.org/x/crypto/ssh"

	"github.com/ferry-cd/ferry/door"
)

// Signer signs commits.
type Signer struct {
	sign func(commit []byte) (string, error)
}

// NewSigner reads a private key: of OpenPGP in ASCII armour, or of SSH in PEM. passphrase may be empty.
func NewSigner(key, passphrase door.Token) (*Signer, error) {
	text := strings.TrimSpace(key.Reveal()) + "\n"
	var err error
	s := &Signer{}
	switch {
	case strings.HasPrefix(text, "-----BEGIN PGP PRIVATE KEY BLOCK-----"):
		s.sign, err = pgpSigner(text, passphrase)
	case strings.HasPrefix(text, "-----BEGIN "):
		s.sign, err = sshSigner(text, passphrase)
	default:
		err = errors.New("neither an SSH key in PEM nor an OpenPGP key in ASCII armour")
	}
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	return s, nil
}

func pgpSigner(armored string, passphrase door.Token) (func([]byte) (string, error), error) {
	keys, err := openpgp.ReadArmoredKeyRing(strings.NewReader(armored))
	if err != nil {
		return nil, err
	}
	if len(keys) != 1 || keys[0].PrivateKey == nil {
		return nil, fmt.Errorf("%d keys; one private key is needed", len(keys))
	}
	if err := keys[0].DecryptPrivateKeys([]byte(passphrase.Reveal())); err != nil {
		return nil, errors.New("the passphrase does not open it")
	}
	return func(commit []byte) (string, error) {
		var out bytes.Buffer
		err := openpgp.ArmoredDetachSign(&out, keys[0], bytes.NewReader(commit), nil)
		return out.String() + "\n", err
	}, nil
}

func sshSigner(pem string, passphrase door.Token) (func([]byte) (string, error), error) {
	key, err := ssh.ParsePrivateKey([]byte(pem))
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) && !passphrase.IsZero() {
		key, err = ssh.ParsePrivateKeyWithPassphrase([]byte(pem), []byte(passphrase.Reveal()))
	}
	if errors.As(err, &locked) {
		return nil, errors.New("it is locked by a passphrase")
	}
	if err != nil {
		return nil, errors.New("it cannot be read") // the library may quote it
	}
	return func(commit []byte) (string, error) { return sshSignature(key, commit) }, nil
}

// What OpenSSH's PROTOCOL.sshsig calls the magic preamble and the namespace; git signs in the namespace "git".
const (
	sshMagic     = "SSHSIG"
	sshNamespace = "git"
	sshHash      = "sha512"
)

// sshSignature signs as `ssh-keygen -Y sign -n git` does. RSA keys sign with SHA-512, the others with the hash of their
// kind.
func sshSignature(key ssh.Signer, commit []byte) (string, error) {
	sum := sha512.Sum512(commit)
	message := append([]byte(sshMagic), ssh.Marshal(struct{ Namespace, Reserved, Hash, Sum string }{sshNamespace, "", sshHash, string(sum[:])})...)
	signature, err := signWith(key, rand.Reader, message)
	if err != nil {
		return "", err
	}
	blob := append([]byte(sshMagic), ssh.Marshal(struct {
		Version                                   uint32
		Key, Namespace, Reserved, Hash, Signature string
	}{1, string(key.PublicKey().Marshal()), sshNamespace, "", sshHash, string(ssh.Marshal(signature))})...)
	return armor("SSH SIGNATURE", blob), nil
}

func signWith(key ssh.Signer, random io.Reader, message []byte) (*ssh.Signature, error) {
	if a, ok := key.(ssh.AlgorithmSigner); ok && key.PublicKey().Type() == ssh.KeyAlgoRSA {
		return a.SignWithAlgorithm(random, message, ssh.KeyAlgoRSASHA512)
	}
	return key.Sign(random, message)
}

func armor(kind string, data []byte) string {
	const width = 70
	var b strings.Builder
	fmt.Fprintf(&b, "-----BEGIN %s-----\n", kind)
	for text := base64.StdEncoding.EncodeToString(data); text != ""; {
		n := min(width, len(text))
		b.WriteString(text[:n] + "\n")
		text = text[n:]
	}
	fmt.Fprintf(&b, "-----END %s-----\n", kind)
	return b.String()
}

// header writes a signature as the header of a commit: later lines are indented by a space (gitformat-signature(5)).
func (s *Signer) header(commit string) (string, error) {
	signature, err := s.sign([]byte(commit))
	if err != nil {
		return "", fmt.Errorf("sign the commit: %w", err)
	}
	return "gpgsig " + strings.ReplaceAll(strings.TrimRight(signature, "\n"), "\n", "\n ") + "\n", nil
}

package charts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"go.yaml.in/yaml/v3"
)

// provenance says what is known of the signature of a chart, as `helm package --sign` leaves it beside the archive. With a
// keyring a signature that does not hold is an error; without one nothing is claimed.
func (c *Client) provenance(ctx context.Context, repository string, at *url.URL, chart Chart) (string, error) {
	beside := *at
	beside.Path += ".prov"
	beside.RawPath = ""
	data, err := c.get(ctx, repository, &beside, maxProvenance, "the provenance file")
	switch {
	case errors.Is(err, errAbsent), err != nil && c.o.Keyring == nil:
		return "", nil
	case err != nil:
		return "", err
	}
	block, _ := clearsign.Decode(data)
	if block == nil {
		if !bytes.Contains(data, []byte("PGP SIGNED MESSAGE")) { // some servers have a page for whatever is not there
			return "", nil
		}
		return "", errors.New("the provenance file is no signed text")
	}
	if c.o.Keyring == nil {
		return "signed, and not checked: there is no keyring (FERRY_KEYRING)", nil
	}
	by, err := c.signer(block)
	if err != nil {
		return "", err
	}
	if err := vouches(block.Plaintext, chart); err != nil {
		return "", err
	}
	return "signed by " + by, nil
}

// signer checks a signature, and names its key.
func (c *Client) signer(block *clearsign.Block) (string, error) {
	keys, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(c.o.Keyring))
	if err != nil {
		keys, err = openpgp.ReadKeyRing(bytes.NewReader(c.o.Keyring))
	}
	if err != nil || len(keys) == 0 {
		return "", errors.New("the keyring holds no OpenPGP key that can be read")
	}
	who, err := openpgp.CheckDetachedSignature(keys, bytes.NewReader(block.Bytes), block.ArmoredSignature.Body, &packet.Config{Time: c.o.Now})
	if err != nil {
		return "", fmt.Errorf("the signature does not hold: %w", err)
	}
	name := fmt.Sprintf("key %X", who.PrimaryKey.Fingerprint)
	if id := who.PrimaryIdentity(); id != nil {
		name = id.Name + ", " + name
	}
	return name, nil
}

// vouches tells whether the signed text is about this archive. It is the chart's metadata and the digests of files, with
// the end of a YAML document between them.
func vouches(text []byte, chart Chart) error {
	_, sums, found := bytes.Cut(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\n...\n"))
	var said struct{ Files map[string]string }
	if !found || yaml.Unmarshal(sums, &said) != nil {
		return errors.New("the signed text names no files")
	}
	file := chart.Name + "-" + chart.Version + ".tgz"
	switch have := said.Files[file]; have {
	case chart.Digest:
		return nil
	case "":
		return fmt.Errorf("the signed text does not speak of %s", file)
	default:
		return fmt.Errorf("the signature is for %s with the digest %s, not %s", file, have, chart.Digest)
	}
}

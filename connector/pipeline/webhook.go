package pipeline

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/door"
)

// Webhook posts the message, signed as Standard Webhooks has it: webhook-id, webhook-timestamp and webhook-signature, one
// signature for each key. https://github.com/standard-webhooks/standard-webhooks, version 1.
func Webhook(w Way, keys func() []door.Token) Host {
	if w.Now == nil {
		w.Now = time.Now
	}
	return webhook{w.host(w.URL, nil), keys, w.Now}
}

type webhook struct {
	*host
	keys func() []door.Token
	now  func() time.Time
}

// envelope is the form of the body that Standard Webhooks recommends.
type envelope struct {
	Type      string    `json:"type"` // ferry.promotion.healthy, ferry.advance
	Timestamp time.Time `json:"timestamp"`
	Data      Message   `json:"data"`
}

var errNoKey = errors.New("no key signs the message: the secrets in connector.yaml cannot be read")

func (w webhook) Tell(ctx context.Context, m Message) error {
	at := w.now().UTC().Truncate(time.Second)
	body, err := json.Marshal(envelope{m.event(), at, m})
	if err != nil {
		return err
	}
	id, seconds := m.id(at), strconv.FormatInt(at.Unix(), 10)
	signatures := signatures(w.keys(), id+"."+seconds+"."+string(body))
	if signatures == "" {
		return errNoKey
	}
	header := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {seconds}, "Webhook-Signature": {signatures}}
	// The receiver knows a message by its id, so a lost reply is no reason not to send it again at once.
	return w.send(door.Repeatable(ctx), http.MethodPost, "", "application/json", header, bytes.NewReader(body), nil)
}

func (m Message) event() string {
	if m.Type == advancing {
		return "ferry.advance"
	}
	return "ferry.promotion." + m.Outcome
}

// id is the same for the same news. What asks to advance is news each time.
func (m Message) id(at time.Time) string {
	about := m.Key
	if about == "" {
		about = m.Type + " " + m.Repository + " " + at.Format(time.RFC3339)
	}
	sum := sha256.Sum256([]byte(about))
	return "msg_" + hex.EncodeToString(sum[:16])
}

// signatures signs with every key, parted by spaces.
func signatures(keys []door.Token, content string) string {
	var out []string
	for _, key := range keys {
		with := secret(key.Reveal())
		if len(with) == 0 {
			continue // anybody could sign with that
		}
		mac := hmac.New(sha256.New, with)
		mac.Write([]byte(content))
		out = append(out, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(out, " ")
}

// secret gives the bytes of a key: after whsec_ it is written in base64.
func secret(key string) []byte {
	if encoded, ok := strings.CutPrefix(key, "whsec_"); ok {
		if raw, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			return raw
		}
	}
	return []byte(key)
}

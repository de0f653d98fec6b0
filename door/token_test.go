package door_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/door"
)

func TestATokenCannotPrintItself(t *testing.T) {
	const secret = "s3cr3t-canary"
	token := door.NewToken(secret)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("push", "token", token)
	asJSON, err := json.Marshal(struct{ Token door.Token }{token})
	if err != nil {
		t.Fatal(err)
	}
	said := []string{log.String(), string(asJSON), token.String(), token.GoString()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		said = append(said, fmt.Sprintf(verb, token), fmt.Sprintf(verb, struct{ T door.Token }{token}), fmt.Sprintf(verb, &token))
	}
	for _, text := range said {
		if strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", secret)) {
			t.Errorf("it says %s", text)
		}
	}
	if token.Reveal() != secret || token.IsZero() || !door.NewToken("").IsZero() {
		t.Error("the one who needs it cannot have it")
	}
}

package git

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// WriteBlob stores bytes as a file. Like all that is written it reaches the repository with the Push that needs it.
func (r *Repository) WriteBlob(data []byte) (ID, error) {
	if int64(len(data)) > r.o.Limits.Object {
		return "", fmt.Errorf("a file of %d bytes: %w (%d)", len(data), ErrTooLarge, r.o.Limits.Object)
	}
	return r.write(object{kind: plumbing.BlobObject, data: append([]byte(nil), data...)}), nil
}

func (r *Repository) write(o object) ID {
	id := idFor(o.kind, o.data)
	r.keep(id, o)
	return id
}

func (r *Repository) keep(id ID, o object) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.fresh[id]; !ok {
		r.fresh[id] = o
	}
}

// NewCommit is a commit to be made; identity and time come from the Options.
type NewCommit struct {
	Tree    ID
	Parents []ID
	Message string
}

// WriteCommit stores a commit. Its message ends in exactly one newline, its time is in UTC and whole seconds.
func (r *Repository) WriteCommit(ctx context.Context, c NewCommit) (ID, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	who, err := signatureLine(r.o.Identity, r.o.Now())
	if err != nil {
		return "", err
	}
	message, err := normalMessage(c.Message)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if !c.Tree.Valid() {
		return "", &nameError{What: "tree", Name: string(c.Tree), Why: "is not 40 hex digits"}
	}
	fmt.Fprintf(&b, "tree %s\n", c.Tree)
	for _, p := range c.Parents {
		if !p.Valid() {
			return "", &nameError{What: "parent", Name: string(p), Why: "is not 40 hex digits"}
		}
		fmt.Fprintf(&b, "parent %s\n", p)
	}
	fmt.Fprintf(&b, "author %s\ncommitter %s\n", who, who)
	data, err := r.signed(b.String(), message)
	if err != nil {
		return "", err
	}
	return r.write(object{kind: plumbing.CommitObject, data: []byte(data)}), nil
}

// signed joins the headers of a commit with its message, and with the signature of both where there is a key.
func (r *Repository) signed(headers, message string) (string, error) {
	if r.o.Signer == nil {
		return headers + "\n" + message, nil
	}
	signature, err := r.o.Signer.header(headers + "\n" + message)
	return headers + signature + "\n" + message, err
}

// signatureLine leaves out of a name what would end it early.
func signatureLine(who Identity, now time.Time) (string, error) {
	clean := func(s string) string {
		s = strings.Map(func(c rune) rune {
			if c < ' ' || c == 0x7f || c == '<' || c == '>' {
				return -1
			}
			return c
		}, strings.ToValidUTF8(s, "?"))
		return strings.Trim(s, " .,:;\"\\'")
	}
	name, email := clean(who.Name), strings.ReplaceAll(clean(who.Email), " ", "")
	if name == "" || email == "" {
		return "", &nameError{What: "identity", Name: who.Name + " <" + who.Email + ">", Why: "needs a name and an e-mail address"}
	}
	if now.Unix() < 0 {
		return "", fmt.Errorf("commit time %s lies before 1970", now.UTC().Format(time.RFC3339))
	}
	return fmt.Sprintf("%s <%s> %d +0000", name, email, now.Unix()), nil
}

func normalMessage(message string) (string, error) {
	message = strings.ReplaceAll(strings.ToValidUTF8(message, "?"), "\r\n", "\n")
	message = strings.ReplaceAll(message, "\x00", "")
	message = strings.Trim(message, "\n ")
	if message == "" {
		return "", &nameError{What: "commit message", Name: message, Why: "is empty"}
	}
	return message + "\n", nil
}

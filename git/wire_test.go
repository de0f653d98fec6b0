package git

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// answers is a server that gives one advertisement and one answer, whatever it is asked.
type answers struct{ advert, result []byte }

func (w answers) open(_ context.Context, _ string, known *advert) (*talk, error) {
	a, err := known, error(nil)
	if a == nil {
		a, err = readAdvert(bytes.NewReader(w.advert), 1<<20)
	}
	ask := func(context.Context, []byte) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(w.result)), nil
	}
	return &talk{a, ask, func() {}}, err
}

func behind(w wire) *Repository {
	o := Options{Identity: Identity{"A", "a@b"}, Now: func() time.Time { return time.Unix(0, 0) }, Limits: Limits{Object: 1 << 20, Inflate: 4 << 20, Pack: 1 << 20}.orDefaults()}
	h := &remoteHome{wire: w, limits: o.Limits, recent: newRecent(), depths: map[ID]int{}, pushed: map[ID]object{}, tell: teller(address{text: "x"}, o)}
	return &Repository{url: "x", o: o, home: h, fresh: map[ID]object{}}
}

func pkt(s string) string { return fmt.Sprintf("%04x%s", len(s)+4, s) }

// FuzzServer promises that whatever a server answers, there is an error or a sound repository, never a panic.
func FuzzServer(f *testing.F) {
	id := "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
	advert := pkt("# service=git-upload-pack\n") + "0000" +
		pkt(id+" HEAD\x00shallow filter side-band-64k symref=HEAD:refs/heads/main allow-any-sha1-in-want atomic\n") + pkt(id+" refs/heads/main\n") + "0000"
	tree := string(packOf(entryBytes(2, "", 0, nil)))
	f.Add([]byte(advert), []byte(pkt("shallow "+id)+"0000"+pkt("NAK\n")+pkt("\x01"+tree)+"0000"))
	f.Add([]byte(advert), []byte("0000"+pkt("NAK\n")+pkt("\x02progress")+pkt("\x03no")+"0000"))
	f.Add([]byte(advert), []byte(pkt("ERR no")))
	f.Add([]byte(strings.Replace(advert, "side-band-64k", "report-status", 1)), []byte(pkt("unpack ok\n")+pkt("ng refs/heads/new why\n")+"0000"))
	f.Add([]byte(pkt(strings.Repeat("0", 40)+" capabilities^{}\x00atomic object-format=sha1\n")+"0000"), []byte("0008NAK\n"))
	f.Add([]byte("0000"), []byte{})
	was := settle
	settle = settle[:1] // nothing changes while it waits
	f.Cleanup(func() { settle = was })
	f.Fuzz(func(t *testing.T, advert, result []byte) {
		r := behind(answers{advert, result})
		ctx := t.Context()
		head, _ := r.Head(ctx)
		_ = r.Fetch(ctx, 1, "refs/heads/main")
		if _, err := r.Commit(ctx, head); err == nil && idFor(1, r.mustData(head)) != head {
			t.Errorf("commit %s is not what it is called", head)
		}
		_ = r.Log(ctx, head, func(Commit) (bool, error) { return true, nil })
		id, err := r.WriteCommit(ctx, NewCommit{Tree: emptyTree, Message: "m"})
		if err != nil {
			t.Fatal(err)
		}
		if r.Push(ctx, Update{Ref: "refs/heads/new", New: id}) == nil {
			t.Error("pushed to a server that does not have it")
		}
	})
}

func (r *Repository) mustData(id ID) []byte {
	o, err := r.object(id)
	if err != nil {
		panic(err)
	}
	return o.data
}

package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
)

// The services of a Git server.
const (
	uploadPack  = "git-upload-pack"
	receivePack = "git-receive-pack"
)

// wire reaches a server.
type wire interface {
	// open begins a conversation with a service. With known, what the service advertised before, it is not asked again
	// where the protocol lets us.
	open(ctx context.Context, service string, known *advert) (*talk, error)
}

// talk is one conversation: the server has said what it has, and may be asked once.
type talk struct {
	*advert
	ask   func(ctx context.Context, request []byte) (io.ReadCloser, error)
	close func()
}

// advert is what a service says first: its refs and what it can do.
type advert struct {
	refs  refSet
	can   *capability.List
	edges map[ID]bool // commits at which the server's own history is cut off
}

// errSaid is what a server said instead of an answer. The words are shown to people, never compared.
type errSaid struct{ text string }

func (e *errSaid) Error() string { return "the server says: " + e.text }

// said finds out whether an error is the server's own.
func said(err error) (*errSaid, bool) {
	var line *pktline.ErrorLine
	if errors.As(err, &line) {
		return &errSaid{line.Text}, true
	}
	var words *errSaid
	ok := errors.As(err, &words)
	return words, ok
}

func readAdvert(in io.Reader, limit int64) (*advert, error) {
	raw := packp.NewAdvRefs()
	if err := raw.Decode(&limitReader{r: in, left: limit, what: "list of refs"}); err != nil && !errors.Is(err, packp.ErrEmptyAdvRefs) {
		return nil, err
	}
	if f := raw.Capabilities.Get("object-format"); len(f) > 0 && !slices.Contains(f, "sha1") {
		return nil, fmt.Errorf("its objects are named by %s, which ferry does not read", strings.Join(f, ", "))
	}
	a := &advert{refs: refSet{ids: map[string]ID{}}, can: raw.Capabilities, edges: map[ID]bool{}}
	for name, h := range raw.References {
		if id := idOf(h); id != "" && badRef(name) == "" { // also leaves out .have, which is no ref
			a.refs.ids[name] = id
		}
	}
	for _, h := range raw.Shallows {
		a.edges[idOf(h)] = true
	}
	a.findHead(raw.Head)
	return a, nil
}

// findHead takes what the server says about HEAD; old ones do not say which branch it names, then one at the same commit
// is taken for it.
func (a *advert) findHead(head *plumbing.Hash) {
	if head != nil {
		a.refs.head = idOf(*head)
	}
	for _, link := range a.can.Get(capability.SymRef) {
		if target, ok := strings.CutPrefix(link, "HEAD:"); ok && badRef(target) == "" {
			a.refs.headTarget = target
			return
		}
	}
	for _, name := range []string{"refs/heads/main", "refs/heads/master"} {
		if a.refs.head != "" && a.refs.ids[name] == a.refs.head {
			a.refs.headTarget = name
			return
		}
	}
}

func (a *advert) has(c capability.Capability) bool { return a.can.Supports(c) }

// fetchRequest says what is wanted from upload-pack.
type fetchRequest struct {
	wants  []ID
	depth  int  // 0 is all
	noBlob bool // leave blobs away, where the server can
}

// message writes the request. There is no second round: what is here already is never offered, because servers that insist
// on multi_ack would answer in a way that needs one.
func (f fetchRequest) message(a *advert) (*packp.UploadPackRequest, []byte, error) {
	req := packp.NewUploadPackRequest()
	for _, c := range []capability.Capability{capability.MultiACKDetailed, capability.Sideband64k, capability.OFSDelta, capability.NoProgress} {
		if a.has(c) {
			_ = req.Capabilities.Set(c) // fails only for capabilities that need an argument
		}
	}
	if a.has(capability.MultiACK) && !a.has(capability.MultiACKDetailed) {
		_ = req.Capabilities.Set(capability.MultiACK)
	}
	if f.depth > 0 && a.has(capability.Shallow) {
		_ = req.Capabilities.Set(capability.Shallow)
		req.Depth = packp.DepthCommits(f.depth)
	}
	if f.noBlob && a.has(capability.Filter) {
		_ = req.Capabilities.Set(capability.Filter)
		req.Filter = packp.FilterBlobNone()
	}
	for _, id := range f.wants {
		req.Wants = append(req.Wants, id.hash())
	}
	var out bytes.Buffer
	if err := req.UploadRequest.Encode(&out); err != nil {
		return nil, nil, err
	}
	return req, append(out.Bytes(), "0009done\n"...), nil
}

// ended puts the end of a context before the error that it led to.
func ended(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || errors.Is(err, ctx.Err()) {
		return err
	}
	return fmt.Errorf("%w: %w", ctx.Err(), err)
}

// fetchPack asks for objects and gives the pack.
func (t *talk) fetchPack(ctx context.Context, f fetchRequest, limit int64) ([]byte, error) {
	req, message, err := f.message(t.advert)
	if err != nil {
		return nil, err
	}
	answer, err := t.ask(ctx, message)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	// What comes around the pack is bounded too: a server could acknowledge without end.
	around := limit + limit/8 + 1<<20
	res := packp.NewUploadPackResponse(req)
	if err := res.Decode(io.NopCloser(&limitReader{r: answer, left: around, what: "answer"})); err != nil {
		return nil, err
	}
	in := demux(req.Capabilities, res, io.Discard)
	return io.ReadAll(&limitReader{r: in, left: limit, what: "pack"})
}

// demux takes the answer out of the channels it is sent on. What is said beside it goes to aside.
func demux(agreed *capability.List, in io.Reader, aside io.Writer) io.Reader {
	if !agreed.Supports(capability.Sideband64k) {
		return in
	}
	d := sideband.NewDemuxer(sideband.Sideband64k, in)
	d.Progress = aside
	return &saidReader{d}
}

// saidReader marks what comes over the channel for errors as the server's words.
type saidReader struct{ r io.Reader }

func (s *saidReader) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err == nil || err == io.EOF {
		return n, err
	}
	if text, ok := strings.CutPrefix(err.Error(), "unexpected error: "); ok { // how the demuxer, not the server, begins
		return n, &errSaid{text}
	}
	return n, err
}

// limitReader ends with ErrTooLarge instead of reading more.
type limitReader struct {
	r    io.Reader
	left int64
	what string
}

func (l *limitReader) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, fmt.Errorf("%s: %w", l.what, ErrTooLarge)
	}
	if int64(len(p)) > l.left {
		p = p[:l.left]
	}
	n, err := l.r.Read(p)
	l.left -= int64(n)
	return n, err
}

// pushRequest is what receive-pack is told.
type pushRequest struct {
	updates []Update
	pack    []byte // empty when refs are only deleted
}

func (p pushRequest) message(a *advert) (*capability.List, []byte, error) {
	req := packp.NewReferenceUpdateRequest()
	for _, c := range []capability.Capability{capability.ReportStatus, capability.Atomic, capability.Sideband64k, capability.OFSDelta, capability.Quiet, capability.DeleteRefs} {
		if a.has(c) {
			_ = req.Capabilities.Set(c) // fails only for capabilities that need an argument
		}
	}
	for _, u := range p.updates {
		req.Commands = append(req.Commands, &packp.Command{Name: plumbing.ReferenceName(u.Ref), Old: u.Old.hash(), New: u.New.hash()})
	}
	var out bytes.Buffer
	if err := req.Encode(&out); err != nil {
		return nil, nil, err
	}
	out.Write(p.pack)
	return req.Capabilities, out.Bytes(), nil
}

// maxReport bounds what a server may say about a push.
const maxReport = 1 << 20

// push sends the request and gives what the server reports: nil when it says that all is well. What really happened is
// read from the refs afterwards.
func (t *talk) push(ctx context.Context, p pushRequest) error {
	agreed, message, err := p.message(t.advert)
	if err != nil {
		return err
	}
	answer, err := t.ask(ctx, message)
	if err != nil {
		return err
	}
	defer answer.Close()
	aside := &words{}
	in := demux(agreed, &limitReader{r: answer, left: maxReport, what: "report"}, aside)
	if !agreed.Supports(capability.ReportStatus) {
		_, err := io.Copy(io.Discard, in)
		return err
	}
	report := packp.NewReportStatus()
	if err := report.Decode(in); err != nil {
		return err
	}
	if err := report.Error(); err != nil {
		return &errSaid{strings.TrimSpace(err.Error() + " " + aside.String())}
	}
	return nil
}

// words keeps the first of what a server says beside its answers.
type words struct {
	mu   sync.Mutex
	text []byte
}

func (w *words) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = append(w.text, p[:min(len(p), 2000-len(w.text))]...)
	return len(p), nil
}

func (w *words) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.TrimSpace(string(w.text))
}

package git

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
)

// remoteHome is a repository behind a server. What was fetched is kept as the packs it came in.
type remoteHome struct {
	wire   wire
	tell   func(error) error // makes an error safe to show
	limits Limits
	recent *recent

	mu       sync.Mutex
	known    *advert // what upload-pack advertised last
	packs    []*pack
	pushed   map[ID]object // what we brought ourselves
	depths   map[ID]int    // how deep the history of a commit was fetched; whole for all of it
	complete bool          // all branches are here with all their files
}

// whole is the depth of a complete history.
const whole = 1 << 30

func openRemote(a address, o Options) (home, error) {
	h := &remoteHome{limits: o.Limits, recent: newRecent(), depths: map[ID]int{}, pushed: map[ID]object{}, tell: teller(a, o)}
	if a.scheme == "ssh" {
		h.wire = newSSHWire(a, o)
		return h, nil
	}
	w, err := newHTTPWire(a, o)
	h.wire = w
	return h, err
}

func (h *remoteHome) object(id ID) (object, error) {
	h.mu.Lock()
	packs := h.packs
	o, ok := h.pushed[id]
	h.mu.Unlock()
	if ok {
		return o, nil
	}
	for _, p := range slices.Backward(packs) {
		if offset, ok := p.index.find(id); ok {
			return p.object(offset)
		}
	}
	return object{}, errAbsent
}

func (h *remoteHome) has(id ID) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.pushed[id]; ok {
		return true
	}
	return slices.ContainsFunc(h.packs, func(p *pack) bool { _, ok := p.index.find(id); return ok })
}

func (h *remoteHome) isEdge(id ID) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.known != nil && h.known.edges[id]
}

func (h *remoteHome) refs(ctx context.Context) (refSet, error) {
	t, err := h.open(ctx, uploadPack, nil)
	if err != nil {
		return refSet{}, err
	}
	t.close()
	return t.refs, nil
}

// open begins a conversation and remembers what upload-pack advertises.
func (h *remoteHome) open(ctx context.Context, service string, known *advert) (*talk, error) {
	t, err := h.wire.open(ctx, service, known)
	if err != nil {
		return nil, h.tell(err)
	}
	if service == uploadPack {
		h.mu.Lock()
		h.known = t.advert
		h.mu.Unlock()
	}
	return t, nil
}

// advertised gives what upload-pack said last, asking it when it has said nothing yet.
func (h *remoteHome) advertised(ctx context.Context) (*advert, error) {
	h.mu.Lock()
	known := h.known
	h.mu.Unlock()
	if known != nil {
		return known, nil
	}
	t, err := h.open(ctx, uploadPack, nil)
	if err != nil {
		return nil, err
	}
	t.close()
	return t.advert, nil
}

// fetch takes the refs as they were when they were read last, so that their commits are those the caller has seen.
func (h *remoteHome) fetch(ctx context.Context, depth int, refs []string) error {
	known, err := h.advertised(ctx)
	if err != nil {
		return err
	}
	if depth <= 0 {
		depth = whole
	}
	var wants []ID
	for _, name := range refs {
		if id, ok := known.refs.ids[name]; ok && h.depth(id) < depth {
			wants = append(wants, id)
		}
	}
	err = h.history(ctx, wants, depth, true)
	if _, ok := said(err); !ok {
		return h.tell(err)
	}
	// A branch may have been rewritten since the refs were read; a server need not give what nothing names any more.
	if _, err := h.refs(ctx); err != nil {
		return err
	}
	return h.tell(h.again(ctx, depth, refs))
}

func (h *remoteHome) again(ctx context.Context, depth int, refs []string) error {
	known, err := h.advertised(ctx)
	if err != nil {
		return err
	}
	var wants []ID
	for _, name := range refs {
		if id, ok := known.refs.ids[name]; ok {
			wants = append(wants, id)
		}
	}
	return h.history(ctx, wants, depth, true)
}

func (h *remoteHome) depth(id ID) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.depths[id]
}

// history brings commits with their trees, and files too where noBlob is false or the server cannot leave them away.
func (h *remoteHome) history(ctx context.Context, wants []ID, depth int, noBlob bool) error {
	f := fetchRequest{wants: wants, depth: depth, noBlob: noBlob}
	if depth >= whole {
		f.depth = 0
	}
	if err := h.get(ctx, f); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range wants {
		h.depths[id] = max(h.depths[id], depth)
	}
	return nil
}

// get makes one request and keeps the pack.
func (h *remoteHome) get(ctx context.Context, f fetchRequest) error {
	if len(f.wants) == 0 {
		return ctx.Err()
	}
	known, err := h.advertised(ctx)
	if err != nil {
		return err
	}
	t, err := h.wire.open(ctx, uploadPack, known)
	if err != nil {
		return err
	}
	defer t.close()
	data, err := t.fetchPack(ctx, f, h.limits.Pack)
	if err != nil {
		return ended(ctx, err)
	}
	p, err := indexPack(data, h.limits, h.recent)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.packs = append(slices.Clone(h.packs), p)
	return nil
}

// bring asks for objects by name where the server lets us; where it does not, for the branches that hold them.
func (h *remoteHome) bring(ctx context.Context, kind plumbing.ObjectType, ids []ID) error {
	known, err := h.advertised(ctx)
	if err != nil {
		return err
	}
	if known.has(capability.AllowReachableSHA1InWant) || known.has("allow-any-sha1-in-want") || known.names(ids) {
		f := fetchRequest{wants: ids, noBlob: kind != plumbing.BlobObject}
		if kind == plumbing.CommitObject {
			f.depth = 1
		}
		err := h.get(ctx, f)
		if _, refused := said(err); !refused {
			return h.tell(err)
		}
	}
	return h.tell(h.bringBranches(ctx, known, kind, ids))
}

// names tells whether all ids are advertised, which every server gives.
func (a *advert) names(ids []ID) bool {
	tips := map[ID]bool{}
	for _, id := range a.refs.ids {
		tips[id] = true
	}
	return !slices.ContainsFunc(ids, func(id ID) bool { return !tips[id] })
}

// bringBranches fetches first what was fetched before, now with its files; then all branches from their beginning.
func (h *remoteHome) bringBranches(ctx context.Context, known *advert, kind plumbing.ObjectType, ids []ID) error {
	missing := func() bool { return slices.ContainsFunc(ids, func(id ID) bool { return !h.has(id) }) }
	files := kind == plumbing.BlobObject
	h.mu.Lock()
	done, tips, depth := h.complete, slices.Sorted(maps.Keys(h.depths)), 1
	for _, d := range h.depths {
		depth = max(depth, d)
	}
	h.mu.Unlock()
	if done {
		return nil
	}
	if files {
		if err := h.history(ctx, tips, depth, false); err != nil || !missing() {
			return err
		}
	}
	branches := known.branches()
	if !files {
		branches = slices.DeleteFunc(branches, func(id ID) bool { return h.depth(id) >= whole })
	}
	if err := h.history(ctx, branches, whole, !files); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.complete = files
	return nil
}

func (a *advert) branches() []ID {
	var tips []ID
	for name, id := range a.refs.ids {
		if strings.HasPrefix(name, "refs/heads/") {
			tips = append(tips, id)
		}
	}
	slices.Sort(tips)
	return slices.Compact(tips)
}

// deepen fetches anew rather than more: a server that answers questions about what we have is not to be had everywhere.
func (h *remoteHome) deepen(ctx context.Context, head ID) (bool, error) {
	have := h.depth(head)
	if have >= whole {
		return false, nil
	}
	next := whole
	for _, step := range []int{50, 1000} {
		if have < step {
			next = step
			break
		}
	}
	err := h.history(ctx, []ID{head}, next, true)
	if _, refused := said(err); refused {
		known, err := h.advertised(ctx)
		if err != nil {
			return false, err
		}
		return false, h.tell(h.history(ctx, known.branches(), whole, true))
	}
	return next < whole, h.tell(err)
}

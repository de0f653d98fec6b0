package supply

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/ferry-cd/ferry/charts"
)

// Bounds of what a source brings along.
const (
	maxLevels = 5         // bases of bases
	maxNeeds  = 500       // of one source, with those of its bases
	maxBytes  = 100 << 20 // of everything that is brought in
	atOnce    = 4         // questions to servers
)

// StaleError says that a source needs what its ferry.lock does not name, or the other way round.
type StaleError struct {
	Missing []string // FILE asks for WHAT
	Extra   []string
	None    bool // there is no lock at all
}

func (e *StaleError) Error() string {
	var all []string
	if e.None {
		all = append(all, "there is no "+LockName+" and the source is not complete:")
	} else {
		all = append(all, LockName+" does not fit the source:")
	}
	for _, m := range e.Missing {
		all = append(all, "  "+m)
	}
	for _, m := range e.Extra {
		all = append(all, "  "+m+", and does so no more")
	}
	return strings.Join(all, "\n")
}

// Hint names the command.
func (e *StaleError) Hint() string {
	return "run `ferry vendor` in the folder that is stored with the release (source.path or source.root), and commit its " + LockName
}

// ExitCode is that of wrong input.
func (e *StaleError) ExitCode() int { return 2 }

// Complete brings in what the files of a source need, each at the content that its ferry.lock says, and gives the files to
// add or replace; none where the source holds all it needs.
func (s *Supply) Complete(ctx context.Context, files map[string][]byte) (changed map[string][]byte, notices []string, err error) {
	var lock Lock
	data, locked := files[LockName]
	if locked {
		if lock, err = ParseLock(LockName, data); err != nil {
			return nil, nil, err
		}
	}
	x := &session{Supply: s, ctx: ctx, lock: lock, strict: true}
	changed, err = x.tree(files, "", 0)
	if err != nil && len(x.missing) == 0 {
		return nil, nil, err
	}
	if err := x.stale(!locked); err != nil {
		return nil, nil, err
	}
	return changed, x.notices, nil
}

// Vendor looks at what the files of a source need and gives the lock for it. What the old lock names already stays as it is,
// unless everything is to be looked at anew.
func (s *Supply) Vendor(ctx context.Context, files map[string][]byte, update bool) (lock Lock, notices []string, err error) {
	var old Lock
	if data, ok := files[LockName]; ok && !update {
		if old, err = ParseLock(LockName, data); err != nil {
			return Lock{}, nil, err
		}
	}
	x := &session{Supply: s, ctx: ctx, lock: old}
	if _, err := x.tree(files, "", 0); err != nil {
		return Lock{}, nil, err
	}
	return Lock{Needs: x.found}, x.notices, nil
}

// session completes one source.
type session struct {
	*Supply
	ctx    context.Context
	lock   Lock
	strict bool // only what the lock names

	mu      sync.Mutex
	found   []Locked
	missing []string
	notices []string
	bytes   int
}

// stale compares what was asked for with what the lock names.
func (x *session) stale(none bool) error {
	e := &StaleError{Missing: x.missing, None: none}
	slices.Sort(e.Missing)
	for _, n := range x.lock.Needs {
		if !slices.ContainsFunc(x.found, func(f Locked) bool { return f.In == n.In && f.Asks == n.Asks }) && len(x.missing) == 0 {
			e.Extra = append(e.Extra, n.In+" asked for "+n.Asks)
		}
	}
	if len(e.Missing)+len(e.Extra) == 0 {
		return nil
	}
	return e
}

// answer is what a need became: files from the root of the tree that needs it.
type answer map[string][]byte

// tree completes one tree: the source, or a base at a prefix of it.
func (x *session) tree(files map[string][]byte, prefix string, level int) (map[string][]byte, error) {
	needs, err := needsOf(files, x.o.Alias)
	if err != nil || len(needs) == 0 {
		return nil, err
	}
	if level > maxLevels || len(needs) > maxNeeds {
		return nil, wrong(prefix+needs[0].In, "", "more than %d needs, or bases nested more than %d deep", maxNeeds, maxLevels)
	}
	answers := make([]answer, len(needs))
	group := &errgroup.Group{}
	group.SetLimit(atOnce)
	for i, n := range needs {
		if n.Local != "" {
			continue
		}
		group.Go(func() (err error) {
			answers[i], err = x.meet(n, prefix, level)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return x.assemble(files, needs, answers)
}

// assemble puts the answers into their places, in the order of the needs.
func (x *session) assemble(files map[string][]byte, needs []need, answers []answer) (map[string][]byte, error) {
	out := map[string][]byte{}
	for i := range needs {
		maps.Copy(out, answers[i])
	}
	for _, n := range needs {
		if n.Base == nil {
			continue
		}
		if _, done := out[n.In]; done {
			continue
		}
		data, err := rewrite(n.In, files[n.In], needs)
		if err != nil {
			return nil, err
		}
		out[n.In] = data
	}
	l := &locals{files: files, out: out, needs: needs, state: map[string]int{}}
	for _, n := range needs {
		if err := l.bring(n); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// meet answers one need.
func (x *session) meet(n need, prefix string, level int) (answer, error) {
	in := prefix + n.In
	known, ok := x.lock.find(in, n.Asks)
	if !ok && x.strict {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.missing = append(x.missing, in+" asks for "+n.Asks)
		return nil, nil
	}
	var a answer
	var err error
	l := Locked{In: in, Asks: n.Asks}
	switch {
	case n.Base == nil:
		a, err = x.chart(n, known, &l)
	case n.Base.URL != "":
		a, err = x.file(n, known, &l)
	default:
		a, err = x.folder(n, known, &l, prefix, level)
	}
	if err != nil {
		return nil, &Error{What: in, Reason: n.Asks, Err: err}
	}
	return a, x.add(l, a)
}

func (x *session) add(l Locked, a answer) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.found = append(x.found, l)
	for _, data := range a {
		x.bytes += len(data)
	}
	if x.bytes > maxBytes {
		return wrong(l.In, "", "what the source needs has more than %d MB together", maxBytes>>20)
	}
	return nil
}

// chart brings a dependency, as an archive into charts/ as Helm does, or laid open as kustomize does.
func (x *session) chart(n need, known Locked, l *Locked) (answer, error) {
	wanted := n.Version
	if known.Digest != "" {
		wanted = known.Version
		if !charts.Fits(wanted, n.Version) {
			return nil, &LockError{[]string{fmt.Sprintf("%s has version %s, which does not fit %s", LockName, clip(wanted), clip(n.Version))}}
		}
	}
	var p pulled
	var err error
	if strings.HasPrefix(n.Repository, "oci://") {
		p, err = x.pullOCI(x.ctx, n.Repository+"/"+n.Chart, n.Chart, wanted, known.Digest)
	} else {
		p, err = x.pullChart(x.ctx, n.Repository, n.Chart, wanted, known.Digest)
	}
	if err != nil {
		return nil, err
	}
	l.Version, l.Digest = p.Version, p.Digest
	x.say(p.notice)
	if !n.Laid {
		return answer{join(n.Place, p.Name+"-"+p.Version+".tgz"): p.archive}, nil
	}
	a := answer{}
	for name, data := range p.files {
		a[join(n.Place, name)] = data
	}
	return a, nil
}

func (x *session) say(notice string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if notice != "" && !slices.Contains(x.notices, notice) {
		x.notices = append(x.notices, notice)
	}
}

// file brings a single file of the web.
func (x *session) file(n need, known Locked, l *Locked) (answer, error) {
	data, err := x.web.Do(n.Base.URL, func() ([]byte, error) { return x.o.Charts.File(x.ctx, n.Base.URL) })
	if err != nil {
		return nil, err
	}
	if l.Digest = charts.Digest(data); known.Digest != "" && l.Digest != known.Digest {
		return nil, &Error{What: n.Base.URL, Reason: fmt.Sprintf("it has the digest %s now, not %s", l.Digest, known.Digest), Code: 3,
			Next: "the file changed: look at it, then ferry vendor --update"}
	}
	return answer{join(n.Base.target(), "kustomization.yaml"): []byte(webWrapper), join(n.Base.target(), webFile): data}, nil
}

// folder brings a base of a Git repository, with what it needs in its turn below it.
func (x *session) folder(n need, known Locked, l *Locked, prefix string, level int) (answer, error) {
	f, err := x.base(x.ctx, *n.Base, known.Commit)
	if err != nil {
		return nil, err
	}
	l.Commit = f.commit
	at := mount(*n.Base)
	more, err := x.tree(f.files, prefix+at+"/", level+1)
	if err != nil {
		return nil, err
	}
	a := answer{}
	for _, files := range []map[string][]byte{f.files, more} {
		for name, data := range files {
			a[join(at, name)] = data
		}
	}
	return a, nil
}

// locals copies charts of the same tree to where those that depend on them look for them.
type locals struct {
	files map[string][]byte
	out   map[string][]byte
	needs []need
	state map[string]int // by file that asks and folder: 1 under way, 2 done
}

func (l *locals) bring(n need) error {
	if n.Local == "" {
		return nil
	}
	key := n.In + "\n" + n.Local
	switch l.state[key] {
	case 1:
		return wrong(n.In, "", "the chart in %s depends on itself", n.Local)
	case 2:
		return nil
	}
	l.state[key] = 1
	for _, below := range l.needs {
		if parent(below.In) == strings.TrimPrefix(n.Local, ".") {
			if err := l.bring(below); err != nil {
				return err
			}
		}
	}
	l.state[key] = 2
	return l.copy(n)
}

func (l *locals) copy(n need) error {
	meta, err := charts.ReadMetadata(l.files[join(n.Local, "Chart.yaml")])
	switch {
	case err != nil:
		return wrong(n.In, "", "dependency %s: the folder %s holds no chart: %v", n.Chart, n.Local, err)
	case meta.Name != n.Chart:
		return wrong(n.In, "", "dependency %s: the chart in %s is called %s", n.Chart, n.Local, meta.Name)
	case !charts.Fits(meta.Version, n.Version):
		return wrong(n.In, "", "dependency %s: the chart in %s has version %s, which does not fit %q", n.Chart, n.Local, meta.Version, n.Version)
	}
	to := join(n.Place, n.Chart)
	copies := map[string][]byte{}
	for _, from := range []map[string][]byte{l.files, l.out} {
		for name, data := range from {
			if rest, ok := strings.CutPrefix(name, n.Local+"/"); ok && !strings.HasPrefix(name, to+"/") {
				copies[join(to, rest)] = data
			}
		}
	}
	maps.Copy(l.out, copies)
	return nil
}

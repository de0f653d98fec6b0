// Package git keeps a repository as an object store: it reads commits, trees and blobs, edits trees, and moves refs by
// compare-and-swap. There is no work tree and no git process. The repository lies on this machine (a path or file://) or
// on another (https://, ssh://, git@host:path); what is written stays in memory until Push makes it part of the history.
//
// The map: address.go says where a repository is; read.go, log.go, edit.go, write.go, copy.go and push.go are what one
// can do with it, retry.go what to do about a lost race. A home is where its objects and refs live: home_disk.go with
// disk*.go, refs.go and transaction.go on this machine; home_remote.go with remote_push.go, wire.go, http.go and ssh.go
// behind a server, and tell.go makes what that says safe to show. Both read packs through pack*.go. names.go keeps
// dangerous refs and paths out.
package git

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/ferry-cd/ferry/door"
	"github.com/go-git/go-git/v5/plumbing"
)

// ID names an object: 40 hex digits in lower case. "" names none.
type ID string

// Valid tells whether id has the form of an object's name.
func (id ID) Valid() bool {
	if len(id) != 40 || string(id) != strings.ToLower(string(id)) {
		return false
	}
	_, err := hex.DecodeString(string(id))
	return err == nil
}

// Short gives the first digits, for people.
func (id ID) Short() string { return string(id[:min(len(id), 10)]) }

func (id ID) hash() plumbing.Hash { return plumbing.NewHash(string(id)) }

func idOf(h plumbing.Hash) ID {
	if h.IsZero() {
		return ""
	}
	return ID(h.String())
}

// Mode says what an entry of a tree is.
type Mode uint32

// The modes that Git knows.
const (
	ModeFile       Mode = 0o100644
	ModeExecutable Mode = 0o100755
	ModeSymlink    Mode = 0o120000
	ModeDir        Mode = 0o040000
	ModeSubmodule  Mode = 0o160000
)

// String gives the mode as `git ls-tree` prints it.
func (m Mode) String() string { return fmt.Sprintf("%06o", uint32(m)) }

// IsBlob tells whether an entry of this mode holds bytes of its own.
func (m Mode) IsBlob() bool { return m == ModeFile || m == ModeExecutable || m == ModeSymlink }

// Entry is one entry of a tree. Path is relative to the tree or folder that was asked about, with slashes.
type Entry struct {
	Path string
	Mode Mode
	ID   ID
}

// Identity is who made a commit.
type Identity struct{ Name, Email string }

// Commit is one commit.
type Commit struct {
	ID                ID
	Tree              ID
	Parents           []ID
	Author, Committer Identity
	AuthorTime        time.Time
	Time              time.Time // when it was committed
	Message           string
}

// Options say how to reach a repository and who writes to it. The zero value reads a public one.
type Options struct {
	Username   string          // for https; "" is whatever the URL says, else a name that every forge accepts beside a token
	Token      door.Token      // for https, sent as a header
	Credential door.Credential // for https in place of both, where it changes with time
	SSHKey     door.Token      // for ssh: a private key in PEM; without one SSHAgent is asked
	SSHAgent   string          // for ssh: the socket of an agent
	KnownHosts string          // for ssh: the path of a known_hosts file, or its lines
	CABundle   []byte          // PEM certificates trusted besides the system's
	PlainHTTP  bool            // allow http:// to other machines
	Identity   Identity        // author and committer of what is written
	Signer     *Signer         // signs commits; nil leaves them unsigned
	Now        func() time.Time
	Limits     Limits
}

// Limits bound what a repository may make us hold; zero fields mean the defaults.
type Limits struct {
	Refs    int64 // bytes of one advertisement of refs; 64 MiB
	Pack    int64 // bytes of one pack as received; 512 MiB
	Object  int64 // bytes of one object; 64 MiB
	Inflate int64 // bytes of all objects of one received pack, or of one answer of Blobs; 2 GiB
	Entries int   // entries that one walk visits; 1 000 000
}

func (l Limits) orDefaults() Limits {
	set := func(v *int64, d int64) {
		if *v <= 0 {
			*v = d
		}
	}
	set(&l.Refs, 64<<20)
	set(&l.Pack, 512<<20)
	set(&l.Object, 64<<20)
	set(&l.Inflate, 2<<30)
	if l.Entries <= 0 {
		l.Entries = 1_000_000
	}
	return l
}

// Repository is one repository, on disk or behind a server. It may be used by several goroutines.
type Repository struct {
	url  string
	o    Options
	home home
	wide lookups

	mu         sync.Mutex
	fresh      map[ID]object // written here and not pushed yet
	headTarget string        // what HEAD named when refs were read last
}

// home is where objects and refs of a repository live.
type home interface {
	// refs reads all refs anew, and what HEAD names: a ref, or "" and an id where it is detached.
	refs(ctx context.Context) (refSet, error)
	// object gives an object that is at hand; errAbsent where it is not.
	object(id ID) (object, error)
	// has tells whether an object is at hand.
	has(id ID) bool
	// fetch brings the history of refs, as deep as asked; 0 is all of it.
	fetch(ctx context.Context, depth int, refs []string) error
	// bring makes commits (with their trees) or blobs available by id, in one request; what there is not is left out.
	bring(ctx context.Context, kind plumbing.ObjectType, ids []ID) error
	// deepen brings more of the history of head than there is, and tells whether there is more to ask for.
	deepen(ctx context.Context, head ID) (more bool, err error)
	// isEdge tells whether the history ends at this commit although it has parents.
	isEdge(id ID) bool
	// push stores objects and moves refs, all or none.
	push(ctx context.Context, updates []Update, objects []freshObject) error
}

// refSet is what a repository's refs were at one moment.
type refSet struct {
	ids        map[string]ID
	headTarget string // the ref HEAD names, also one that is not born yet
	head       ID     // what HEAD stands at; "" where nothing is born
}

// Open gives the repository at an address: a path, or a URL with file, https, ssh (also git@host:path), or http to this
// machine. Opening one on disk checks that it is there; nothing is asked of a server yet. Credentials in a URL are used
// like those in Options and never shown.
func Open(ctx context.Context, remote string, o Options) (*Repository, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a, err := parseAddress(remote, o)
	if err != nil {
		return nil, err
	}
	o.Limits = o.Limits.orDefaults()
	if o.Now == nil {
		o.Now = time.Now
	}
	h, err := a.home(o)
	if err != nil {
		return nil, err
	}
	return &Repository{url: a.String(), o: o, home: h, fresh: map[ID]object{}}, nil
}

// URL gives the address without credentials.
func (r *Repository) URL() string { return r.url }

// Local gives the Git directory of a repository on this machine.
func (r *Repository) Local() (dir string, ok bool) {
	d, ok := r.home.(*diskHome)
	if !ok {
		return "", false
	}
	return d.dir.git, true
}

// Refs gives all refs by their full name, read anew at each call.
func (r *Repository) Refs(ctx context.Context) (map[string]ID, error) {
	s, err := r.refs(ctx)
	return s.ids, err
}

// refs reads all refs anew and remembers what HEAD names.
func (r *Repository) refs(ctx context.Context) (refSet, error) {
	s, err := r.home.refs(ctx)
	if err == nil {
		r.mu.Lock()
		r.headTarget = s.headTarget
		r.mu.Unlock()
	}
	return s, err
}

// Head gives the commit that HEAD stands at, which may be on no branch; ErrNotFound in an empty repository.
func (r *Repository) Head(ctx context.Context) (ID, error) {
	s, err := r.home.refs(ctx)
	if err != nil {
		return "", err
	}
	if s.head == "" {
		return "", r.notFound("commit at HEAD")
	}
	return s.head, nil
}

// DefaultBranch gives the short name of the branch that HEAD names, which need not be born yet; ErrNotFound where HEAD
// is on no branch. It is the one that was seen when refs were read last: it does not change within a run.
func (r *Repository) DefaultBranch(ctx context.Context) (string, error) {
	r.mu.Lock()
	target := r.headTarget
	r.mu.Unlock()
	if target == "" {
		s, err := r.refs(ctx)
		if err != nil {
			return "", err
		}
		target = s.headTarget
	}
	name, ok := strings.CutPrefix(target, "refs/heads/")
	if !ok {
		return "", r.notFound("default branch")
	}
	return name, nil
}

// Fetch brings the commits and trees of refs (full names) in one request, depth commits deep, or all of them when depth
// is 0. Blobs stay away where the server can leave them out. Refs that are not there are skipped. A repository on disk
// has everything already.
func (r *Repository) Fetch(ctx context.Context, depth int, refs ...string) error {
	return r.home.fetch(ctx, depth, refs)
}

// Package archive opens archives of strangers: a tar, plain or in gzip, comes in as bytes and goes out as files by path,
// or not at all. Nothing touches a disk. What would be something else on another machine, or could leave its folder, is
// refused and never repaired: links, devices, two names for one file, names that differ only in case or in how their
// letters are composed, and whatever unpacks to more than its Limits.
package archive

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// Limits bound one archive; zero fields mean the defaults.
type Limits struct {
	Entries int   // files and folders; 20 000
	File    int64 // bytes of one file; 16 MiB
	Total   int64 // bytes of everything as unpacked; 100 MiB
}

func (l Limits) orDefaults() Limits {
	if l.Entries <= 0 {
		l.Entries = 20_000
	}
	if l.File <= 0 {
		l.File = 16 << 20
	}
	if l.Total <= 0 {
		l.Total = 100 << 20
	}
	return l
}

// Error says why an archive is not opened. Entry is the name at fault as the archive has it, "" where it is the whole.
type Error struct{ Entry, Reason string }

func (e *Error) Error() string {
	if e.Entry == "" {
		return "the archive " + e.Reason
	}
	return fmt.Sprintf("the archive's entry %q %s", clip(e.Entry), e.Reason)
}

// ExitCode is that of a refusal.
func (e *Error) ExitCode() int { return 3 }

func clip(name string) string {
	const most = 100
	if len(name) > most {
		return name[:most] + "..."
	}
	return name
}

// Unpack opens a tar, plain or in gzip, to files by clean, slash-separated path. Folders have no entry of their own. The
// error is an *Error.
func Unpack(data []byte, l Limits) (map[string][]byte, error) {
	l = l.orDefaults()
	plain, err := inflate(data)
	if err != nil {
		return nil, err
	}
	// Headers and padding count as well, so that an archive of nothing has an end too.
	counted := &budget{r: plain, left: l.Total + int64(l.Entries)*4096}
	u := &unpacking{limits: l, files: map[string][]byte{}, names: newNames(), tape: tar.NewReader(counted)}
	for {
		done, err := u.next()
		if err != nil {
			return nil, reason(err)
		}
		if done {
			break
		}
	}
	// The checksum of gzip comes last: read up to it.
	if _, err := io.Copy(io.Discard, counted); err != nil {
		return nil, reason(err)
	}
	if len(u.files) == 0 {
		return nil, &Error{Reason: "holds no files"}
	}
	return u.files, nil
}

func inflate(data []byte) (io.Reader, error) {
	if !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return bytes.NewReader(data), nil
	}
	zip, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, reason(err)
	}
	return bufio.NewReaderSize(zip, 64<<10), nil
}

// reason says what an error of the libraries means for whoever made the archive.
func reason(err error) error {
	var ours *Error
	switch {
	case errors.As(err, &ours):
		return ours
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return &Error{Reason: "ends too early: it is truncated"}
	case errors.Is(err, gzip.ErrChecksum):
		return &Error{Reason: "is damaged: its checksum does not match"}
	}
	return &Error{Reason: "is no tar, plain or in gzip, that can be read: " + err.Error()}
}

// budget is a reader that ends in an error after so many bytes.
type budget struct {
	r    io.Reader
	left int64
}

func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		// One byte tells a stream that ends just here from one that goes on.
		if n, err := b.r.Read(make([]byte, 1)); n == 0 && err != nil {
			return 0, err
		}
		return 0, &Error{Reason: "unpacks to too much"}
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	return n, err
}

// unpacking is an archive on its way out.
type unpacking struct {
	limits  Limits
	tape    *tar.Reader
	files   map[string][]byte
	names   *names
	entries int
	total   int64
}

// kinds are what an entry must not be, in words.
var kinds = map[byte]string{
	tar.TypeLink: "a hard link", tar.TypeSymlink: "a symbolic link", tar.TypeChar: "a device", tar.TypeBlock: "a device",
	tar.TypeFifo: "a named pipe", tar.TypeGNUSparse: "a file with holes", tar.TypeCont: "of an unknown kind",
}

// next takes one entry.
func (u *unpacking) next() (done bool, err error) {
	h, err := u.tape.Next()
	if errors.Is(err, io.EOF) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if u.entries++; u.entries > u.limits.Entries {
		return false, &Error{Reason: fmt.Sprintf("has more than %d entries", u.limits.Entries)}
	}
	switch h.Typeflag {
	case tar.TypeXGlobalHeader: // what git archive writes: a comment
		return false, nil
	case tar.TypeDir:
		return false, u.names.folder(h.Name)
	case tar.TypeReg:
		return false, u.file(h)
	}
	what, known := kinds[h.Typeflag]
	if !known {
		what = fmt.Sprintf("of an unknown kind (%q)", h.Typeflag)
	}
	return false, &Error{Entry: h.Name, Reason: "is " + what + "; only files and folders are taken"}
}

func (u *unpacking) file(h *tar.Header) error {
	name, err := u.names.file(h.Name)
	if err != nil {
		return err
	}
	if h.Size > u.limits.File {
		return &Error{Entry: h.Name, Reason: fmt.Sprintf("has more than %d bytes", u.limits.File)}
	}
	if u.total += h.Size; u.total > u.limits.Total {
		return &Error{Reason: fmt.Sprintf("unpacks to more than %d MB", u.limits.Total>>20)}
	}
	var content bytes.Buffer
	if n, err := io.Copy(&content, io.LimitReader(u.tape, h.Size)); err != nil {
		return err
	} else if n < h.Size {
		return io.ErrUnexpectedEOF
	}
	u.files[name] = content.Bytes()
	return nil
}

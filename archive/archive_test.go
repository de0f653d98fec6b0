package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// entry is one entry of an archive that a test makes.
type entry struct {
	name, text, target string
	kind               byte
}

func tape(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Linkname: e.target, Mode: 0o644, Size: int64(len(e.text)), Format: tar.FormatPAX}
		if e.kind == 0 {
			h.Typeflag = tar.TypeReg
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatalf("%q: %v", e.name, err)
		}
		if _, err := w.Write([]byte(e.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zip(t testing.TB, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestUnpack(t *testing.T) {
	plain := tape(t, entry{name: "./", kind: tar.TypeDir}, entry{name: "./app/", kind: tar.TypeDir}, entry{name: "./app/Chart.yaml", text: "name: app\n"},
		entry{name: "app/empty"}, entry{name: "app/é.txt", text: "x"}, entry{name: "app/", kind: tar.TypeDir})
	want := map[string][]byte{"app/Chart.yaml": []byte("name: app\n"), "app/empty": {}, "app/é.txt": []byte("x")}
	for form, data := range map[string][]byte{"plain": plain, "gzip": zip(t, plain)} {
		got, err := Unpack(data, Limits{})
		if err != nil {
			t.Fatalf("%s: %v", form, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", form, d)
		}
	}
}

func TestUnpackRefuses(t *testing.T) {
	long := strings.Repeat("a", maxName+1)
	deep := strings.Repeat("d/", maxDepth) + "f"
	for name, c := range map[string]struct {
		entries []entry
		want    string
	}{
		"zip slip":            {[]entry{{name: "a/../../etc/passwd"}}, `entry "a/../../etc/passwd" leaves the folder`},
		"parent":              {[]entry{{name: ".."}}, "leaves the folder"},
		"parent folder":       {[]entry{{name: "../x/", kind: tar.TypeDir}}, "leaves the folder"},
		"absolute":            {[]entry{{name: "/etc/passwd"}}, "relative path"},
		"absolute after dot":  {[]entry{{name: ".//etc/passwd"}}, "relative path"},
		"drive":               {[]entry{{name: "C:/x"}}, "relative path"},
		"backslash":           {[]entry{{name: `..\x`}}, "relative path"},
		"symbolic link":       {[]entry{{name: "l", kind: tar.TypeSymlink, target: "/etc/passwd"}}, "is a symbolic link"},
		"hard link":           {[]entry{{name: "a", text: "x"}, {name: "l", kind: tar.TypeLink, target: "a"}}, "is a hard link"},
		"device":              {[]entry{{name: "d", kind: tar.TypeChar}}, "is a device"},
		"block device":        {[]entry{{name: "d", kind: tar.TypeBlock}}, "is a device"},
		"pipe":                {[]entry{{name: "p", kind: tar.TypeFifo}}, "is a named pipe"},
		"twice":               {[]entry{{name: "a"}, {name: "a"}}, "is there twice"},
		"twice by dot":        {[]entry{{name: "a"}, {name: "./a"}}, "is there twice"},
		"case":                {[]entry{{name: "a/Values.yaml"}, {name: "a/values.yaml"}}, "case and composed letters"},
		"case of a folder":    {[]entry{{name: "Templates/a"}, {name: "templates/b"}}, "case and composed letters"},
		"composed":            {[]entry{{name: "\u00e9"}, {name: "e\u0301"}}, "case and composed letters"},
		"compatible":          {[]entry{{name: "file"}, {name: "\ufb01le"}}, "case and composed letters"},
		"file as folder":      {[]entry{{name: "a"}, {name: "a/b"}}, `lies in "a", which is a file`},
		"folder as file":      {[]entry{{name: "a/b"}, {name: "a"}}, "is there twice"},
		"folder over file":    {[]entry{{name: "a"}, {name: "a/", kind: tar.TypeDir}}, "is a folder where a file is"},
		"not clean":           {[]entry{{name: "a/./b"}}, "not clean"},
		"double slash":        {[]entry{{name: "a//b"}}, "not clean"},
		"no name":             {[]entry{{name: "."}}, "has no name"},
		"invisible":           {[]entry{{name: "a\u200bb"}}, "nobody sees"},
		"direction":           {[]entry{{name: "a\u202eb"}}, "nobody sees"},
		"line":                {[]entry{{name: "a\nb"}}, "nobody sees"},
		"long":                {[]entry{{name: long}}, "more than 500 bytes"},
		"deep":                {[]entry{{name: deep}}, "folders deep"},
		"nothing":             {nil, "holds no files"},
		"only folders":        {[]entry{{name: "a/", kind: tar.TypeDir}}, "holds no files"},
		"large file":          {[]entry{{name: "a", text: strings.Repeat("x", 1001)}}, `"a" has more than 1000 bytes`},
		"large files":         {[]entry{{name: "a", text: strings.Repeat("x", 900)}, {name: "b", text: strings.Repeat("x", 900)}, {name: "c", text: strings.Repeat("x", 900)}}, "unpacks to more than"},
		"many":                {slices.Repeat([]entry{{name: "a/", kind: tar.TypeDir}}, 12), "more than 10 entries"},
		"many global headers": {slices.Repeat([]entry{{kind: tar.TypeDir, name: "./"}}, 12), "more than 10 entries"},
	} {
		for form, data := range map[string][]byte{"plain": tape(t, c.entries...), "gzip": zip(t, tape(t, c.entries...))} {
			files, err := Unpack(data, Limits{Entries: 10, File: 1000, Total: 2000})
			var refused *Error
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.want) || files != nil {
				t.Errorf("%s, %s: got %v, %v", name, form, files, err)
			}
		}
	}
}

func TestUnpackDamaged(t *testing.T) {
	text := strings.Repeat("line of text\n", 4000)
	plain := tape(t, entry{name: "a", text: text})
	whole := zip(t, plain)
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-6] ^= 1 // in the checksum
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":           {nil, "holds no files"},
		"text":            {[]byte(strings.Repeat("<html>not found</html>\n", 100)), "is no tar"},
		"half":            {whole[:len(whole)/2], "truncated"},
		"no end":          {whole[:len(whole)-4], "truncated"},
		"header of gzip":  {whole[:5], "truncated"},
		"half, plain":     {plain[:len(plain)/2], "truncated"},
		"checksum":        {flipped, "checksum does not match"},
		"size of 8 EB":    {hugeSize(t), "more than"},
		"gzip of nothing": {zip(t, nil), "holds no files"},
	} {
		if files, err := Unpack(c.data, Limits{}); err == nil || !strings.Contains(err.Error(), c.want) || files != nil {
			t.Errorf("%s: got %d files, %v", name, len(files), err)
		}
	}
}

// hugeSize is an archive whose header promises more than there is.
func hugeSize(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := tar.NewWriter(&out).WriteHeader(&tar.Header{Name: "a", Typeflag: tar.TypeReg, Size: 1 << 62, Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	return append(out.Bytes(), make([]byte, 4096)...)
}

// TestUnpackBombs: what unpacks to very much is refused after little, in a bounded amount of memory.
func TestUnpackBombs(t *testing.T) {
	nothing := string(make([]byte, 32<<20))
	small := tape(t, entry{name: "a", text: "x"})
	var many []entry
	for i := range 40 {
		many = append(many, entry{name: fmt.Sprint(i), text: nothing[:1<<20]})
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"one file":      {zip(t, tape(t, entry{name: "a", text: nothing})), "has more than 2097152 bytes"},
		"many files":    {zip(t, tape(t, many...)), "unpacks to more than 4 MB"},
		"after the end": {zip(t, append(small, nothing...)), "unpacks to too much"},
		"two in one":    {append(zip(t, small), zip(t, []byte(nothing))...), "unpacks to too much"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got, err := Unpack(c.data, Limits{Entries: 100, File: 2 << 20, Total: 4 << 20})
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), c.want) || got != nil {
			t.Errorf("%s: %d packed bytes: %v", name, len(c.data), err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 24<<20 {
			t.Errorf("%s: took %d MB", name, used>>20)
		}
	}
}

// FuzzUnpack promises of any bytes: an *Error, or files within the limits under names that stay in their folder and apart.
func FuzzUnpack(f *testing.F) {
	f.Add(tape(f, entry{name: "app/Chart.yaml", text: "name: app\n"}, entry{name: "app/templates/", kind: tar.TypeDir}))
	f.Add(zip(f, tape(f, entry{name: "./a", text: "x"})))
	f.Add(tape(f, entry{name: "l", kind: tar.TypeSymlink, target: "../x"}))
	f.Add(tape(f, entry{name: "../x", text: "y"}, entry{name: "A", text: ""}, entry{name: "a"}))
	f.Add([]byte{0x1f, 0x8b})
	f.Fuzz(func(t *testing.T, data []byte) {
		limits := Limits{Entries: 50, File: 10_000, Total: 50_000}
		files, err := Unpack(data, limits)
		if err != nil {
			var refused *Error
			if !errors.As(err, &refused) || files != nil {
				t.Fatalf("%v, %v", files, err)
			}
			return
		}
		total, seen := 0, map[string]bool{}
		for _, name := range slices.Sorted(maps.Keys(files)) {
			if total += len(files[name]); total > 50_000 || path.Clean("/" + name)[1:] != name || strings.Contains(name, "..") && slices.Contains(strings.Split(name, "/"), "..") {
				t.Fatalf("%q, %d bytes", name, total)
			}
			if seen[strings.ToLower(name)] {
				t.Fatalf("%q twice", name)
			}
			seen[strings.ToLower(name)] = true
		}
		again := make([]entry, 0, len(files))
		for _, name := range slices.Sorted(maps.Keys(files)) {
			again = append(again, entry{name: name, text: string(files[name])})
		}
		back, err := Unpack(tape(t, again...), limits)
		if err != nil || fmt.Sprint(back) != fmt.Sprint(files) {
			t.Fatalf("packed again: %v", err)
		}
	})
}

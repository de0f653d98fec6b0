package helm

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"path"
	"strings"
)

// unpacker sums up what the archives of a chart, and those inside them, unpack to: Helm bounds each of them, and not how
// many there are.
type unpacker struct{ left int64 }

// file looks at one file of a chart. What is wrong with an archive is for Helm to say, who unpacks it again.
func (u *unpacker) file(name string, data []byte) error {
	if path.Ext(name) != ".tgz" || !strings.HasPrefix(path.Dir(name)+"/", "charts/") && !strings.Contains(name, "/charts/") {
		return nil
	}
	zip, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	tape := tar.NewReader(zip)
	for {
		header, err := tape.Next()
		if err != nil {
			return nil
		}
		if u.left -= header.Size; u.left < 0 {
			return &LimitError{What: fmt.Sprintf("the archives of the chart unpack to more than %d MB", maxUnpacked>>20)}
		}
		if path.Ext(header.Name) != ".tgz" {
			continue
		}
		inner, err := io.ReadAll(io.LimitReader(tape, header.Size))
		if err != nil {
			return nil
		}
		if err := u.file(header.Name, inner); err != nil {
			return err
		}
	}
}

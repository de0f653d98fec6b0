package supply

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/charts"
	"github.com/ferry-cd/ferry/render"
	"github.com/ferry-cd/ferry/render/helm"
)

// TestPublishedChartsRenderAsThoseInGit: a chart that `helm package` made and a repository or a registry gave renders to the
// bytes that its folder renders to, and that `helm template` makes of what `helm pull` brings.
func TestPublishedChartsRenderAsThoseInGit(t *testing.T) {
	path, err := exec.Command("go", "tool", "-n", "helm").Output()
	if err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) []byte {
		t.Helper()
		cmd := exec.Command(strings.TrimSpace(string(path)), args...)
		cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=/nonexistent"}
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); err != nil {
			t.Fatalf("helm %q: %v\n%s", args, err, errs.String())
		}
		return out.Bytes()
	}
	folders := chartFolders(t, "../testdata/charts")
	if samples := os.Getenv("FERRY_SAMPLES"); samples != "" {
		for _, dir := range chartFolders(t, filepath.Join(samples, "*", "charts")) {
			if needs, err := needsOf(folderFiles(t, dir), nil); err == nil && len(needs) == 0 {
				folders = append(folders, dir)
			}
		}
	}
	for _, dir := range folders {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			w := newWorld(t)
			files := folderFiles(t, dir)
			meta, err := charts.ReadMetadata(files["Chart.yaml"])
			if err != nil {
				t.Fatal(err)
			}
			packed := t.TempDir()
			run("package", dir, "-d", packed)
			archive, err := os.ReadFile(filepath.Join(packed, meta.Name+"-"+meta.Version+".tgz"))
			if err != nil {
				t.Fatal(err)
			}
			w.charts.PublishArchive(meta.Name, meta.Version, archive)
			w.registry.Artifact(meta.Name, strings.ReplaceAll(meta.Version, "+", "_"), nil, helmConfig, []byte("{}"), map[string][]byte{helmLayer: archive})
			render := func(files map[string][]byte) ([]byte, error) {
				out, err := helm.New().Render(context.Background(), render.Request{Name: "a", Namespace: "b", Files: files, Dir: ".", IncludeCRDs: true,
					Kubernetes: render.Kubernetes{Version: "v1.34.0"}, KeepHooks: true})
				return out.Raw, err
			}
			want, wantErr := render(files)
			pulled := t.TempDir()
			run("pull", "--repo", w.charts.URL, meta.Name, "--version", meta.Version, "-d", pulled)
			for from, src := range map[string]Source{"helm": {Helm: w.charts.URL, Chart: meta.Name, Version: meta.Version}, "oci": {OCI: w.oci(meta.Name), Version: meta.Version}} {
				got, err := w.supply().Source(context.Background(), src)
				if err != nil {
					t.Fatalf("%s: %v", from, err)
				}
				raw, err := render(got.Files)
				if (err == nil) != (wantErr == nil) || !bytes.Equal(raw, want) {
					t.Errorf("from %s it renders otherwise than from its folder: %v, %v", from, err, wantErr)
				}
			}
			if wantErr == nil {
				cli := run("template", "a", filepath.Join(pulled, meta.Name+"-"+meta.Version+".tgz"), "-n", "b", "--include-crds", "--skip-tests", "--kube-version", "v1.34.0")
				if !bytes.Equal(cli, want) {
					t.Error("helm template of the pulled chart differs")
				}
			}
		})
	}
}

// chartFolders lists the folders with a Chart.yaml right below a folder.
func chartFolders(t *testing.T, root string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, "*", "Chart.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range found {
		found[i] = filepath.Dir(found[i])
	}
	return found
}

func folderFiles(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files[name], err = os.ReadFile(filepath.Join(dir, name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

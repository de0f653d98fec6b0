package diff

import (
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/render"
)

// fleet makes n resources of one release: the usual mix, every one with the version in a label.
func fleet(n int, version string) render.Manifests {
	config := "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web-%d-" + hashOf(version) + "\n  labels:\n    app.kubernetes.io/version: " + version + "\ndata:\n  app.yaml: |\n    number: %d\n    release: " + version + "\n    other: things\n"
	service := "apiVersion: v1\nkind: Service\nmetadata:\n  name: web-%d\n  labels:\n    app.kubernetes.io/version: " + version + "\nspec:\n  ports:\n  - name: http\n    port: 80\n    targetPort: %d\n  selector:\n    app: web\n"
	workload := strings.NewReplacer("name: web\n  namespace", "name: web-%d\n  namespace", "1.4.0", version, "replicas: 3", "replicas: %d").Replace(deployment)
	ms := make(render.Manifests, 0, n)
	for i := range n {
		id, doc := render.Identity{Group: "apps", Kind: "Deployment", Namespace: "shop", Name: fmt.Sprintf("web-%d", i)}, workload
		switch i % 5 {
		case 1:
			id, doc = render.Identity{Kind: "Service", Name: id.Name}, service
		case 2:
			id, doc = render.Identity{Kind: "ConfigMap", Name: id.Name + "-" + hashOf(version)}, config
		}
		ms = append(ms, render.Manifest{Identity: id, Path: fmt.Sprintf("file-%d.yaml", i), Data: fmt.Appendf(nil, doc, i, i)})
	}
	return ms
}

func hashOf(version string) string { return strings.ReplaceAll(version, ".", "") + "bcdfghk" }

// Every one of 5,000 resources changes, a thousand of them under another name. The bar is a second of CPU.
func BenchmarkCompare5000(b *testing.B) {
	old, new := fleet(5000, "2.4.5"), fleet(5000, "2.4.6")
	before := cpu(b)
	for b.Loop() {
		if d := Compare(old, new); d.Totals.Changed != 4000 || d.Totals.Renamed != 1000 {
			b.Fatalf("%+v", d.Totals)
		}
	}
	b.ReportMetric(float64((cpu(b)-before).Milliseconds())/float64(b.N), "cpu-ms/op")
}

// Nothing changes but a single resource, as when a patch is released.
func BenchmarkCompare5000Alike(b *testing.B) {
	old, new := fleet(5000, "2.4.5"), fleet(5000, "2.4.5")
	new[0] = fleet(1, "2.4.6")[0]
	for b.Loop() {
		if d := Compare(old, new); d.Totals.Changed != 1 {
			b.Fatalf("%+v", d.Totals)
		}
	}
}

func cpu(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// allocated counts the bytes that a function asks for, freed or not: time and memory without a clock.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// checkLinear fails where four times the input takes more than six times the memory.
func checkLinear(t *testing.T, n int, run func(n int)) {
	t.Helper()
	run(n) // whatever is made once
	small, large := allocated(func() { run(n) }), allocated(func() { run(4 * n) })
	if large > 6*small {
		t.Errorf("%d bytes for %d, %d for %d: more than linear", small, n, large, 4*n)
	}
}

func TestMemoryIsLinear(t *testing.T) {
	sets := map[string]func(n int) (old, new render.Manifests){
		"all change": func(n int) (old, new render.Manifests) { return fleet(n, "2.4.5"), fleet(n, "2.4.6") },
		"all come":   func(n int) (old, new render.Manifests) { return nil, fleet(n, "2.4.5") },
		"one family": oneFamily,
		"one long list": func(n int) (old, new render.Manifests) {
			list := func(step int) render.Manifests {
				var b strings.Builder
				for i := range n {
					fmt.Fprintf(&b, "    - v%d\n", i*step%(2*n))
				}
				return render.Manifests{{Identity: render.Identity{Kind: "Thing", Name: "a"}, Path: "a.yaml", Data: []byte("kind: Thing\nmetadata:\n  name: a\nspec:\n  list:\n" + b.String())}}
			}
			return list(1), list(7)
		},
	}
	for name, make := range sets {
		t.Run(name, func(t *testing.T) {
			type both struct{ old, new render.Manifests }
			made := map[int]both{}
			for _, n := range []int{500, 2000} {
				old, new := make(n)
				made[n] = both{old, new}
			}
			checkLinear(t, 500, func(n int) { Compare(made[n].old, made[n].new) })
		})
	}
}

// oneFamily is the worst for pairing by likeness: every Job could be every other.
func oneFamily(n int) (old, new render.Manifests) {
	job := func(i int) render.Manifest {
		name := fmt.Sprintf("run-%d", i)
		return render.Manifest{Identity: render.Identity{Group: "batch", Kind: "Job", Name: name}, Path: name + ".yaml",
			Data: []byte("apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: " + name + "\nspec:\n  completions: " + fmt.Sprint(i%n) + "\n")}
	}
	for i := range n {
		old, new = append(old, job(i)), append(new, job(i+n))
	}
	return old, new
}

func TestLargeFamiliesAreNotCompared(t *testing.T) {
	old, new := oneFamily(5000)
	if d := Compare(old, new); d.Totals.Added != 5000 || d.Totals.Removed != 5000 {
		t.Errorf("%+v", d.Totals.Counts)
	}
	old, new = oneFamily(40)
	if d := Compare(old, new); d.Totals.Renamed != 40 {
		t.Errorf("%+v", d.Totals.Counts)
	}
}

// BenchmarkParse reads what was parsed before it is compared, as all is in a promotion.
func BenchmarkParse(b *testing.B) {
	m, err := render.Parse("deployment.yaml", []byte(deployment))
	if err != nil {
		b.Fatal(err)
	}
	for _, how := range []struct {
		name string
		m    render.Manifest
	}{{"known", m}, {"text", render.Manifest{Data: m.Data}}} {
		b.Run(how.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if parse(&how.m) == nil {
					b.Fatal("unreadable")
				}
			}
		})
	}
}

package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

func readFile(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile("../../" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

const howToGoreleaser = "run .ci/referee, and set FERRY_GORELEASER to $PWD/.ci/cache/goreleaser.json"

// goreleaser takes the configuration of our releases: it fits goreleaser's own description, which knows every key.
func TestGoreleaserTakesItsConfiguration(t *testing.T) {
	file := os.Getenv("FERRY_GORELEASER")
	switch {
	case file == "" && os.Getenv("CI") != "":
		t.Fatal("FERRY_GORELEASER is not set: " + howToGoreleaser)
	case file == "":
		t.Skip("goreleaser's description of its configuration is not at hand: " + howToGoreleaser)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatalf("%v: %s", err, howToGoreleaser)
	}
	defer f.Close()
	doc, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("goreleaser.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("goreleaser.json")
	if err != nil {
		t.Fatal(err)
	}
	text := readFile(t, ".goreleaser.yaml")
	if err := fits(schema, text); err != nil {
		t.Error(err)
	}
	for _, wrong := range [][2]string{{"dockers_v2:", "dockers_v3:"}, {"main: ./cmd/ferry", "mian: ./cmd/ferry"}, {"artifacts: checksum", "artifacts: everything"}} {
		if fits(schema, strings.Replace(text, wrong[0], wrong[1], 1)) == nil {
			t.Errorf("the description lets %s pass", wrong[1])
		}
	}
}

// Whoever builds what is released builds it alike, or its checksum would not be the one in the action.
func TestReleasesAreBuiltAlike(t *testing.T) {
	var g struct {
		Builds []struct {
			Env, Flags, Ldflags, Goos, Goarch []string
			Main                              string
		}
		Archives []struct {
			Formats      []string
			NameTemplate string `yaml:"name_template"`
		}
	}
	if err := yaml.Unmarshal([]byte(readFile(t, ".goreleaser.yaml")), &g); err != nil {
		t.Fatal(err)
	}
	b := g.Builds[0]
	how := strings.Join(b.Flags, " ") + ` -ldflags "` + regexp.MustCompile(`\{\{[^}]*\}\}`).ReplaceAllString(b.Ldflags[0], "VERSION") + `"`
	if how != `-trimpath -buildvcs=false -ldflags "-s -w -X main.version=VERSION"` || !slices.Contains(b.Env, "CGO_ENABLED=0") || b.Main != "./cmd/ferry" {
		t.Error(how, b)
	}
	for _, file := range []string{"Dockerfile", ".ci/reproducible", ".ci/release-checksums"} {
		text := regexp.MustCompile(`(?i)\$\{?version\}?`).ReplaceAllString(readFile(t, file), "VERSION")
		if !strings.Contains(text, "go build "+how) || !strings.Contains(text, "CGO_ENABLED=0") {
			t.Errorf("%s builds in another way than %s", file, how)
		}
	}
	installer := readFile(t, "action/install.sh")
	checksums := readFile(t, ".ci/release-checksums")
	for _, p := range slices.Concat(b.Goos, b.Goarch) {
		if !strings.Contains(installer, p) || !strings.Contains(checksums, p) {
			t.Errorf("%s is released, and not known to the action or the checksums", p)
		}
	}
	if g.Archives[0].NameTemplate != "ferry_{{ .Version }}_{{ .Os }}_{{ .Arch }}" || !slices.Equal(g.Archives[0].Formats, []string{"binary"}) || !strings.Contains(installer, "name=ferry_${version}_${os}_${arch}$exe") {
		t.Error("the action looks for another name than that of the release")
	}
}

// Images have nobody's rights; the one that is built where no target is named has no shell; the other one is built by releases, too.
func TestImagesAreBare(t *testing.T) {
	stages := map[string]string{}
	last := ""
	for _, part := range strings.Split(readFile(t, "Dockerfile"), "\nFROM ")[1:] {
		head, body, _ := strings.Cut(part, "\n")
		words := strings.Fields(head)
		last = words[len(words)-1]
		stages[last] = words[0] + "\n" + body
	}
	for _, name := range []string{"alone", "ci"} {
		if s := stages[name]; !strings.HasPrefix(s, "gcr.io/distroless/static") || !strings.Contains(s, "USER 65532:65532\n") {
			t.Errorf("%s: %s", name, s)
		}
	}
	if last != "alone" || strings.Contains(stages["alone"], "shell") || strings.Contains(stages["alone"], "RUN") || !strings.Contains(stages["ci"], "--from=shell /bin /bin") {
		t.Errorf("the last stage is %s:\n%s", last, stages[last])
	}
	for _, arg := range []string{"TARGETOS", "TARGETARCH"} {
		if !strings.Contains(stages["build"], "ARG "+arg+"\n") {
			t.Errorf("the build does not know %s", arg)
		}
	}
	mod := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(readFile(t, "go.mod"))[1]
	if !strings.Contains(readFile(t, "Dockerfile"), "ARG GO="+mod+"\n") {
		t.Errorf("the image is built with another Go than %s", mod)
	}
	release := readFile(t, ".goreleaser.yaml")
	if !strings.Contains(release, "--target=ci") || !strings.Contains(release, "BINARY: release") || strings.Count(release, "platforms: [linux/amd64, linux/arm64]") != 2 {
		t.Error("a release makes other images than the Dockerfile has")
	}
}

// Only images with a shell run scripts of a CI.
func TestScriptsRunWhereThereIsAShell(t *testing.T) {
	for _, file := range []string{"templates/starter/ci/gitlab.yaml", "examples/gitlab-flux/gitops/.gitlab-ci.yml", "examples/gitlab-flux/app/.gitlab-ci.yml", "templates/ferry/template.yml"} {
		found := regexp.MustCompile(`ghcr\.io/ferry-cd/ferry:[\w.-]+`).FindAllString(readFile(t, file), -1)
		if len(found) == 0 {
			t.Errorf("%s names no image", file)
		}
		for _, image := range found {
			if !strings.HasSuffix(image, "-ci") {
				t.Errorf("%s: %s has no shell", file, image)
			}
		}
	}
}

// The release workflow gives each right by name, runs the goreleaser that the configuration was checked with, and shows that
// what it builds is what the action expects before it builds it.
func TestReleaseWorkflow(t *testing.T) {
	var w struct {
		Permissions map[string]string
		Jobs        map[string]struct {
			Permissions map[string]string
			Steps       []struct {
				Uses, Run string
				With      map[string]string
			}
		}
	}
	text := readFile(t, ".github/workflows/release.yaml")
	if err := yaml.Unmarshal([]byte(text), &w); err != nil {
		t.Fatal(err)
	}
	if len(w.Permissions) != 0 || len(w.Jobs["release"].Permissions) != 4 {
		t.Errorf("%+v", w)
	}
	order, goreleaser := []string{}, ""
	for _, s := range w.Jobs["release"].Steps {
		switch {
		case strings.Contains(s.Run, "${{"):
			t.Errorf("a script that the runner fills in: %s", s.Run)
		case s.Run != "":
			order = append(order, strings.Fields(s.Run)[0])
		case strings.HasPrefix(s.Uses, "goreleaser/"):
			order, goreleaser = append(order, "goreleaser"), s.With["version"]
		}
	}
	if !slices.Equal(order, []string{"make", ".ci/release-checksums", "goreleaser", "gh"}) {
		t.Error(order)
	}
	if !strings.Contains(readFile(t, ".ci/referee"), "goreleaser/v2@"+goreleaser+" ") {
		t.Errorf("the configuration is checked for another goreleaser than %s", goreleaser)
	}
}

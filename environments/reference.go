package environments

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Reference writes docs/ferry-yaml.md: every key, as Fields explains it, and the rules that hold for all of them.
func Reference() []byte {
	var out bytes.Buffer
	out.WriteString(opening)
	for _, section := range sections(Fields()) {
		writeSection(&out, section)
	}
	fmt.Fprintf(&out, rules, maxFile>>20, maxNodes, maxDepth, maxEnvironments, maxPlacements)
	writePlanned(&out)
	return out.Bytes()
}

const opening = `# ferry.yaml

The configuration of a GitOps repository lies at its root, in ` + "`ferry.yaml`" + `. This page is made from the types that ferry reads
it with (` + "`ferry explain -o markdown`" + `); ` + "`ferry schema`" + ` prints the JSON Schema for editors, ` + "`ferry validate`" + ` lists all mistakes,
and ` + "`ferry config --app A --env E`" + ` shows what holds for an app in an environment and which line says so.

`

const rules = `## Rules

- **Strict.** Unknown keys, wrong types and names that do not exist are errors, all reported at once with file, line and column.
  Text that looks like a number, a date or a truth value needs quotes where text is asked for: ` + "`version: \"1.30\"`" + `. So does text with
  braces inside brackets: ` + "`[\"values/{app}.yaml\"]`" + `.
- **Placeholders.** ` + "`{app}`, `{environment}`, `{group}` and `{team}`" + ` are filled in where the tables say so; ` + "`{group}`" + ` is the app where it is
  in no group, and an app without a team must not meet ` + "`{team}`" + `.
- **Layers.** Built-in defaults, ` + "`defaults`" + `, the environment, what the app says for all of them
  (` + "`namespace`, `labels`" + `, how it is rendered), and the app's override of the environment
  are laid on top of each other. Mappings merge key by key, a later value wins, a later list replaces an earlier one. In an app's
  override, the lists marked "adds" are added to the environment's instead, and an empty list takes the environment's away. ` + "`health`" + ` is
  always taken as a whole.
- **Upstream.** An app that leaves an environment out comes, further on, after what lies before that environment.
- **Included files** define apps and nothing else. About environments they may say values, namespace, labels, gates and how an app
  is rendered (but not ` + "`validate`" + `), and their gates may only tighten: a longer soak, more checks, more approvals, fewer approvers, a window within the environment's.
- **Folders** of apps must not meet each other, nor a folder with values or configuration, nor ` + "`.git`, `.github` or `.ferry`" + `.
- **Groups** share a pull request, so branch, merge and pullRequest must be the same for all their apps in an environment.
- **YAML.** Anchors and aliases work; merge keys (` + "`<<`" + `), tags and second documents are refused. A file has at most %d MB; all files
  together at most %d values, nested at most %d deep; there may be %d environments and %d apps times environments.

`

// section is a mapping with its keys.
type section struct {
	title  string
	fields []Field
}

// sections groups the keys by the mapping they stand in, in the order in which the mappings are mentioned.
func sections(fields []Field) []section {
	out := []section{{title: "Top level"}}
	at := map[string]int{"": 0}
	for _, f := range fields {
		parent := ""
		if i := strings.LastIndex(f.Key, "."); i >= 0 {
			parent = f.Key[:i]
		}
		if _, ok := at[parent]; !ok {
			at[parent] = len(out)
			out = append(out, section{title: parent})
		}
		out[at[parent]].fields = append(out[at[parent]].fields, f)
	}
	slices.SortStableFunc(out[1:], func(a, b section) int { return strings.Compare(a.title, b.title) })
	return out
}

func writeSection(out *bytes.Buffer, s section) {
	fmt.Fprintf(out, "## %s\n\n| key | value | default | meaning | example |\n| --- | --- | --- | --- | --- |\n", s.title)
	for _, f := range s.fields {
		name := f.Key[strings.LastIndex(f.Key, ".")+1:]
		meaning := f.Meaning
		if f.Adds {
			meaning += " An override adds."
		}
		standard := f.Default
		switch {
		case f.Required:
			standard = "(required)"
		case standard != "":
			standard = "`" + standard + "`"
		}
		fmt.Fprintf(out, "| `%s` | %s | %s | %s | `%s` |\n", name, cell(f.Type), standard, cell(meaning), cell(f.Example))
	}
	out.WriteString("\n")
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

func writePlanned(out *bytes.Buffer) {
	out.WriteString("## Not supported yet\n\nThese are designed and refused as such until they work.\n\n")
	for _, p := range []struct {
		where string
		t     reflect.Type
	}{
		{"Top level", reflect.TypeFor[rootFile]()}, {"apps", reflect.TypeFor[appFile]()}, {"apps.source", reflect.TypeFor[sourceFile]()},
		{"environments", reflect.TypeFor[settings]()},
	} {
		if keys := plannedKeys[p.t]; len(keys) > 0 {
			fmt.Fprintf(out, "- %s: `%s`\n", p.where, strings.Join(keys, "`, `"))
		}
	}
}

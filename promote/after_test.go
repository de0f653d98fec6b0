package promote_test

import (
	"strings"
	"testing"
)

const secretTemplate = `apiVersion: v1
kind: Secret
metadata: {name: {{ .Release.App }}}
stringData: {password: made up}
`

// afterYAML has everything that may come after the renderer, shared by all environments, and one patch of qa alone.
var afterYAML = strings.NewReplacer("namespace: shop}", `namespace: shop, injectNamespace: true,
     patches: [{path: patches/shop.yaml}], drop: [{kind: Secret, name: shop}], extra: ["extra/{app}"]}`,
	"{name: qa, after: [dev], merge: auto}", "{name: qa, after: [dev], merge: auto, patches: [{path: patches/qa.yaml, target: {kind: Deployment}}]}").Replace(ferryYAML)

func afterFiles() map[string]string {
	return map[string]string{
		"patches/shop.yaml": "{apiVersion: v1, kind: Service, metadata: {name: shop}, spec: {type: LoadBalancer}}\n",
		"patches/qa.yaml":   "- {op: replace, path: /spec/replicas, value: 7}\n",
		"extra/shop/secret.yaml": `{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: shop}, spec: {dataFrom: [{extract: {key: shop}}]}}
`,
		"extra/shop/kustomization.yaml": "resources: [secret.yaml]\nlabels: [{pairs: {from: extra}}]\n",
	}
}

func newAfterWorld(t *testing.T, files map[string]string) *world {
	t.Helper()
	w := newWorld(t, afterYAML, files)
	w.templates("shop", map[string]string{"deployment.yaml.tmpl": deployment, "service.yaml.tmpl": service, "secret.yaml.tmpl": secretTemplate})
	return w
}

// What comes after the renderer is reviewed like values, and travels like them.
func TestWhatComesAfterTheRendererTravels(t *testing.T) {
	w := newAfterWorld(t, afterFiles())
	w.mustSubmit(1)
	contains := func(path string, want ...string) {
		t.Helper()
		for _, text := range want {
			if got := w.file("main", path); !strings.Contains(got, text) {
				t.Errorf("%s does not say %q:\n%s", path, text, got)
			}
		}
	}
	contains("dev/shop/service-shop.yaml", "type: LoadBalancer", "namespace: shop\n")
	contains("dev/shop/externalsecret-shop_external-secrets.io.yaml", "from: extra")
	contains("dev/shop/release.lock", "patches/shop.yaml", "extra/shop/kustomization.yaml", "extra/shop/secret.yaml")
	if w.file("main", "dev/shop/secret-shop.yaml") != "" {
		t.Error("the dropped Secret is there")
	}
	w.healthy("dev")
	w.advance()
	contains("dev/shop/deployment-shop.yaml", "replicas: 1\n")
	contains("qa/shop/deployment-shop.yaml", "replicas: 7\n")

	// A shared patch, and a file more in a shared folder, walk the road of a release.
	w.push("main", map[string]string{"patches/shop.yaml": "{apiVersion: v1, kind: Service, metadata: {name: shop}, spec: {type: NodePort}}\n",
		"extra/shop/more.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: more}}\n", "extra/shop/kustomization.yaml": "resources: [secret.yaml, more.yaml]\n"})
	w.advance()
	contains("dev/shop/service-shop.yaml", "type: NodePort")
	contains("dev/shop/configmap-more.yaml", "name: more")
	contains("qa/shop/service-shop.yaml", "type: LoadBalancer")
	if w.file("main", "qa/shop/configmap-more.yaml") != "" {
		t.Error("qa got an extra that dev has not proven")
	}
	w.healthy("dev")
	w.advance()
	contains("qa/shop/service-shop.yaml", "type: NodePort")
	contains("qa/shop/configmap-more.yaml", "name: more")

	// What only qa reads refreshes qa alone.
	dev := w.git("rev-parse", "main:dev")
	w.push("main", map[string]string{"patches/qa.yaml": "- {op: replace, path: /spec/replicas, value: 8}\n"})
	w.advance()
	contains("qa/shop/deployment-shop.yaml", "replicas: 8\n")
	if w.git("rev-parse", "main:dev") != dev {
		t.Error("dev was touched by a patch that only qa reads")
	}
	before := w.refs()
	w.advance()
	if w.refs() != before {
		t.Error("a run with nothing to do wrote something")
	}
}

func TestWhatComesAfterTheRendererIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"no patch file":   {map[string]string{"patches/shop.yaml": ""}, "the patch patches/shop.yaml does not exist"},
		"no extra folder": {map[string]string{"extra/shop/secret.yaml": "", "extra/shop/kustomization.yaml": ""}, "the extra extra/shop does not exist"},
		"patch of nothing": {map[string]string{"patches/shop.yaml": "\n{apiVersion: v1, kind: Service, metadata: {name: web}}\n"},
			"patch patches/shop.yaml:1: there is no Service web in the render"},
		"a chart": {map[string]string{"extra/shop/Chart.yaml": "name: shop\n", "extra/shop/kustomization.yaml": ""}, "extra: extra/shop is a chart"},
		"out of the folder": {map[string]string{"extra/shop/kustomization.yaml": "resources: [../../values/secret.yaml]\n"},
			`extra/shop/kustomization.yaml:1:13: resources: "../../values/secret.yaml" is neither a file nor a folder`},
		"beside what was rendered": {map[string]string{"extra/shop/kustomization.yaml": "", "extra/shop/secret.yaml": "{apiVersion: v1, kind: Service, metadata: {name: shop}}\n"},
			"Service shop is rendered twice"},
	} {
		t.Run(name, func(t *testing.T) {
			files := afterFiles()
			for path, text := range c.files {
				if files[path] = text; text == "" {
					delete(files, path)
				}
			}
			w := newAfterWorld(t, files)
			if _, err := w.submit(w.release("shop", 1)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// How strictly manifests are judged changes none of them, and says nothing to render again.
func TestValidationProposesNothing(t *testing.T) {
	w := newWorld(t, ferryYAML, nil)
	w.mustSubmit(1)
	dev := w.git("rev-parse", "main:dev")
	w.push("main", map[string]string{"ferry.yaml": strings.Replace(ferryYAML, "defaults:", "defaults:\n  validate: \"off\"", 1)})
	if r := w.advance(); r.Plan.Rendered > 0 || w.git("rev-parse", "main:dev") != dev {
		t.Errorf("%d renders, dev %s, was %s", r.Plan.Rendered, w.git("rev-parse", "main:dev"), dev)
	}
	w.push("main", map[string]string{"ferry.yaml": strings.Replace(ferryYAML, "defaults:", "defaults:\n  injectNamespace: true", 1)})
	w.advance()
	if w.git("rev-parse", "main:dev") == dev {
		t.Error("dev was not refreshed")
	}
}

// Chance follows from the release and the environment: a refresh keeps it, the next release has its own.
func TestSeededReleases(t *testing.T) {
	w := newWorld(t, strings.Replace(ferryYAML, "defaults:", "defaults:\n  deterministic: seeded", 1), nil)
	w.templates("shop", map[string]string{"Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
		"templates/all.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: made}, data: {chance: {{ randAlphaNum 20 }}, more: \"{{ .Values.more }}\", image: x}}\n---\n" +
			"{apiVersion: v1, kind: Pod, metadata: {name: shop}, spec: {containers: [{name: main, image: ghcr.io/acme/shop}]}}\n"})
	chance := func(environment string) string {
		_, after, _ := strings.Cut(w.file("main", environment+"/shop/configmap-made.yaml"), "chance: ")
		text, _, _ := strings.Cut(after, "\n")
		return text
	}
	w.mustSubmit(1)
	first := chance("dev")
	w.push("main", map[string]string{"values/shop.yaml": "more: text\n"})
	w.advance()
	if !strings.Contains(w.file("main", "dev/shop/configmap-made.yaml"), "more: text") || chance("dev") != first {
		t.Errorf("after a refresh chance is %s, was %s", chance("dev"), first)
	}
	w.healthy("dev")
	w.advance()
	if qa := chance("qa"); len(qa) != 20 || qa == first {
		t.Errorf("qa has %q, dev %q", qa, first)
	}
	w.mustSubmit(2)
	if chance("dev") == first {
		t.Error("the next release has the chance of the one before")
	}
}

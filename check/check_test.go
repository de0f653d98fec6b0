package check

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/render"
	"github.com/google/go-cmp/cmp"
)

// manifest reads one resource as it would lie in Git.
func manifest(t testing.TB, doc string) render.Manifest {
	t.Helper()
	m, err := render.Parse("file.yaml", []byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func rules(findings []Finding) []string {
	var all []string
	for _, f := range findings {
		all = append(all, fmt.Sprintf("%s %s %s", f.Level, f.Rule, f.Field))
	}
	return all
}

const harmless = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: text}\n"

func TestSecrets(t *testing.T) {
	const secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\n"
	sealed := "ENC[AES256_GCM,data:q83v,iv:q83v,tag:q83v,type:str]"
	for name, c := range map[string]struct {
		doc  string
		want []string
	}{
		"data":                         {secret + "data: {password: c2VjcmV0}\n", []string{"error secret data"}},
		"stringData":                   {secret + "stringData: {password: hunter2}\n", []string{"error secret stringData"}},
		"both":                         {secret + "data: {a: Yg==}\nstringData: {b: c}\n", []string{"error secret data", "error secret stringData"}},
		"no data":                      {secret + "type: Opaque\n", nil},
		"empty data":                   {secret + "data: {}\n", nil},
		"nothing behind the keys":      {secret + "data: {a: '', b: null}\n", nil},
		"data that is no mapping":      {secret + "data: hunter2\n", []string{"error secret data"}},
		"a mapping behind a key":       {secret + "data: {a: {b: hunter2}}\n", []string{"error secret data"}},
		"a number behind a key":        {secret + "stringData: {pin: 1234}\n", []string{"error secret stringData"}},
		"service account token":        {secret + "type: kubernetes.io/service-account-token\n", nil},
		"service account token, known": {secret + "type: kubernetes.io/service-account-token\ndata: {token: c2VjcmV0}\n", []string{"error secret data"}},
		"SOPS":                         {secret + "data: {a: '" + sealed + "'}\nsops: {mac: '" + sealed + "'}\n", nil},
		"SOPS that left a value out":   {secret + "data: {a: '" + sealed + "', b: c2VjcmV0}\nsops: {mac: '" + sealed + "'}\n", []string{"error secret data"}},
		"SOPS by name only":            {secret + "data: {a: c2VjcmV0}\nsops: {mac: x}\n", []string{"error secret data"}},
		"SealedSecret":                 {"apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: db}\nspec: {encryptedData: {password: AgBy3i4OJSWK}}\n", nil},
		"ExternalSecret":               {"apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: db}\nspec: {data: [{secretKey: password, remoteRef: {key: db}}]}\n", nil},
		"inside another resource":      {"apiVersion: example.com/v1\nkind: Bundle\nmetadata: {name: b}\nspec: {objects: [{kind: Secret, stringData: {a: hunter2}}]}\n", []string{"error secret spec.objects[0].stringData"}},
		"copy in an annotation": {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: {kubectl.kubernetes.io/last-applied-configuration: '{\"kind\":\"Secret\",\"data\":{}}'}}\n",
			[]string{`error secret metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"]`}},
		"copy of something else": {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: {kubectl.kubernetes.io/last-applied-configuration: '{\"kind\":\"ConfigMap\"}'}}\n", nil},
		"anchored":               {secret + "metadata2: &x {a: c2VjcmV0}\ndata: *x\n", []string{"error secret data"}},
	} {
		t.Run(name, func(t *testing.T) {
			ms := render.Manifests{manifest(t, c.doc)}
			if diff := cmp.Diff(c.want, rules(Check(ms, Options{}))); diff != "" {
				t.Error(diff)
			}
			if got := Check(ms, Options{AllowSecrets: true}); len(got) > 0 {
				t.Errorf("reported although allowed: %v", got)
			}
		})
	}
}

// A refused Secret says how to do without it, by name.
func TestSecretRecipe(t *testing.T) {
	found := Check(render.Manifests{manifest(t, "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: hunter2}\n")}, Options{})
	if len(found) != 1 || !strings.Contains(found[0].Hint, "drop: [{kind: Secret, name: db}]") || !strings.Contains(found[0].Hint, "ExternalSecret") {
		t.Errorf("found %+v", found)
	}
}

func TestUnreadableFilesAreRefused(t *testing.T) {
	ms := render.Manifests{{Path: "x.yaml", Data: []byte("kind: Secret\ndata: {a: b}\ndata: {c: d}\n")}}
	if diff := cmp.Diff([]string{"error secret "}, rules(Check(ms, Options{}))); diff != "" {
		t.Error(diff)
	}
}

// The credentials are put together here, so that no scanner takes this file for a leak.
var (
	noise     = strings.Repeat("aB3dE5gH", 20)
	pemBody   = "\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n"
	pemKey    = "-----BEGIN " + "PRIVATE KEY-----" + pemBody
	rsaKey    = "-----BEGIN RSA " + "PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,AA\n" + pemBody
	jwtHeader = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`))
	jwtClaims = base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"1234567890"}`))
)

func TestCredentials(t *testing.T) {
	for name, c := range map[string]struct {
		value string
		want  string // level and rule; "" = passes
	}{
		"PKCS 8":                      {pemKey, "error private-key"},
		"RSA, encrypted":              {rsaKey, "error private-key"},
		"OpenSSH":                     {"-----BEGIN OPENSSH " + "PRIVATE KEY-----" + pemBody, "error private-key"},
		"PGP":                         {"-----BEGIN PGP " + "PRIVATE KEY BLOCK-----\n" + pemBody, "error private-key"},
		"in JSON":                     {`{"private_key": "-----BEGIN ` + `PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7"}`, "error private-key"},
		"PKCS 8 in base64":            {base64.StdEncoding.EncodeToString([]byte(pemKey)), "error private-key"},
		"RSA in base64":               {base64.StdEncoding.EncodeToString([]byte(rsaKey)), "error private-key"},
		"EC in base64":                {base64.StdEncoding.EncodeToString([]byte("-----BEGIN EC " + "PRIVATE KEY-----" + pemBody)), "error private-key"},
		"OpenSSH in base64":           {base64.StdEncoding.EncodeToString([]byte("-----BEGIN OPENSSH " + "PRIVATE KEY-----" + pemBody)), "error private-key"},
		"encrypted in base64":         {base64.StdEncoding.EncodeToString([]byte("-----BEGIN ENCRYPTED " + "PRIVATE KEY-----" + pemBody)), "error private-key"},
		"age":                         {"AGE-SECRET-KEY-" + "1" + strings.Repeat("Q", 58), "error private-key"},
		"certificate":                 {"-----BEGIN CERTIFICATE-----" + pemBody, ""},
		"public key":                  {"-----BEGIN PUBLIC KEY-----" + pemBody, ""},
		"a manual about keys":         {"paste the -----BEGIN " + "PRIVATE KEY----- line here", ""},
		"AWS key id":                  {"AKIA" + "Q2W3E4R5T6Y7U2I3", "warning token"},
		"AWS key id of the manual":    {"AKIA" + "IOSFODNN7EXAMPLE", ""},
		"AWS key in a file":           {"[default]\naws_secret_access_key = " + noise[:40], "error token"},
		"AWS key in a script":         {"export AWS_SECRET_ACCESS_KEY=" + noise[:40] + "\n", "error token"},
		"AWS key from elsewhere":      {"aws_secret_access_key = ${SECRET}", ""},
		"GitHub":                      {"token ghp_" + noise[:36], "error token"},
		"GitHub, fine-grained":        {"github_pat_" + noise[:22] + "_" + noise[:59], "error token"},
		"GitLab":                      {"glpat-" + noise[:20], "error token"},
		"Slack":                       {"xoxb-" + "123456789012-" + noise[:24], "error token"},
		"Slack webhook":               {"https://hooks.slack.com/" + "services/T12345678/B12345678/" + noise[:24], "error token"},
		"Google":                      {"AIza" + noise[:35], "error token"},
		"Azure storage":               {"AccountName=x;AccountKey=" + noise[:86] + "==;", "error token"},
		"Stripe":                      {"sk_live_" + noise[:24], "error token"},
		"npm":                         {"//registry.npmjs.org/:_authToken=npm_" + noise[:36], "error token"},
		"Docker Hub":                  {"dckr_pat_" + noise[:27], "error token"},
		"SendGrid":                    {"SG." + noise[:22] + "." + noise[:43], "error token"},
		"Vault":                       {"hvs." + noise[:24], "error token"},
		"JSON web token":              {"Bearer " + jwtHeader + "." + jwtClaims + "." + noise[:43], "warning token"},
		"half a JSON web token":       {jwtHeader, ""},
		"URL with a password":         {"postgres://shop:hunter2@db:5432/shop", "warning token"},
		"URL with a reference":        {"postgres://shop:$(DB_PASSWORD)@db:5432/shop", ""},
		"URL with a template":         {"postgres://{{ .user }}:{{ .password }}@db/shop", ""},
		"URL with a user":             {"ssh://git@example.com:22/x", ""},
		"URL with a port":             {"http://example.com:8080/a@b", ""},
		"digest":                      {"sha256:" + strings.Repeat("ab12", 16), ""},
		"image":                       {"ghcr.io/acme/web:1.0.0@sha256:" + strings.Repeat("ab12", 16), ""},
		"forty letters, nothing else": {noise[:40], ""},
	} {
		t.Run(name, func(t *testing.T) {
			value, _ := json.Marshal(c.value)
			doc := fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x.conf: %s}\n", value)
			findings := Check(render.Manifests{manifest(t, doc)}, Options{})
			var want []string
			if c.want != "" {
				want = []string{c.want + ` data["x.conf"]`}
			}
			if diff := cmp.Diff(want, rules(findings)); diff != "" {
				t.Error(diff)
			}
			for _, f := range Check(render.Manifests{manifest(t, doc)}, Options{AllowSecrets: true}) {
				if f.Level != Warning {
					t.Errorf("an error although secrets are allowed: %v", f)
				}
			}
		})
	}
}

func TestCredentialsAreFoundAnywhere(t *testing.T) {
	token := "glpat-" + noise[:20]
	for name, c := range map[string]struct{ doc, field string }{
		"env": {"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: web, env: [{name: TOKEN, value: " + token + "}]}]}\n",
			"spec.containers[web].env[TOKEN].value"},
		"args":        {"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{args: [--token=" + token + "]}]}\n", "spec.containers[0].args[0]"},
		"annotation":  {"apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {example.com/x: " + token + "}}\n", `metadata.annotations["example.com/x"]`},
		"binary data": {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nbinaryData: {x: " + base64.StdEncoding.EncodeToString([]byte(token)) + "}\n", "binaryData.x"},
		"no base64":   {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nbinaryData: {x: " + token + "}\n", "binaryData.x"},
		"AWS by name": {"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: web, env: [{name: AWS_SECRET_ACCESS_KEY, value: " + noise[:40] + "}]}]}\n",
			"spec.containers[web].env[AWS_SECRET_ACCESS_KEY].value"},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff([]string{"error token " + c.field}, rules(Check(render.Manifests{manifest(t, c.doc)}, Options{}))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What is found is told by file and key; whoever reads the message learns nothing of the value.
func TestFindingsShowNoValue(t *testing.T) {
	values := []string{"hunter2-in-plain", "glpat-" + noise[:20], pemBody[1:40], "postgres://shop:" + "hunter3@db"}
	docs := []string{
		"apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {k: " + values[0] + "}\n",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: " + values[1] + "}\n",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: " + fmt.Sprintf("%q", pemKey) + "}\n",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: " + values[3] + "}\n",
	}
	for i, doc := range docs {
		findings := Check(render.Manifests{manifest(t, doc)}, Options{})
		if len(findings) != 1 || findings[0].Hint == "" {
			t.Fatalf("%d: %v", i, findings)
		}
		all, _ := json.Marshal(findings)
		text := string(all) + findings[0].String()
		for _, value := range values {
			if strings.Contains(text, value) || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte(value))) {
				t.Errorf("%d: the value shows in %s", i, text)
			}
		}
		if !strings.HasPrefix(findings[0].String(), "file.yaml: ") {
			t.Errorf("%d: no file in %q", i, findings[0])
		}
	}
}

func TestSize(t *testing.T) {
	many := func(n int, kind string) (ms render.Manifests) {
		for i := range n {
			m := manifest(t, harmless)
			m.Kind, m.Name = kind, fmt.Sprint(kind, i)
			ms = append(ms, m)
		}
		return ms
	}
	renamed := many(4, "ConfigMap")
	for i := range renamed {
		renamed[i].Name += "-next"
	}
	placed := many(4, "ConfigMap")
	for i := range placed {
		placed[i].Namespace = "shop"
	}
	for name, c := range map[string]struct {
		old, new render.Manifests
		allow    bool
		want     []string
	}{
		"nothing rendered":            {many(2, "A"), nil, false, []string{"error empty "}},
		"nothing rendered, confirmed": {many(2, "A"), nil, true, []string{"error empty "}},
		"nothing new":                 {nil, nil, false, []string{"error empty "}},
		"first":                       {nil, many(1, "A"), false, nil},
		"half":                        {many(4, "A"), many(2, "A"), false, nil},
		"more than half":              {many(4, "A"), many(1, "A"), false, []string{"error shrink "}},
		"more than half, confirmed":   {many(4, "A"), many(1, "A"), true, nil},
		"renamed":                     {many(4, "ConfigMap"), renamed, false, nil},
		"a namespace that is said":    {many(4, "ConfigMap"), placed, false, nil},
		"others instead":              {many(4, "A"), many(9, "B"), false, []string{"error shrink "}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, rules(Check(c.new, Options{Old: c.old, AllowShrink: c.allow, Namespace: "shop"}))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnnotationLimit(t *testing.T) {
	config := func(n int) render.Manifest {
		return manifest(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: "+strings.Repeat("x", n)+"}\n")
	}
	const frame = len(`{"apiVersion":"v1","data":{"x":""},"kind":"ConfigMap","metadata":{"name":"a"}}`) + len(lastApplied)
	for name, c := range map[string]struct {
		m    render.Manifest
		o    Options
		want []string
	}{
		"just fits":      {config(mostAnnotations - frame), Options{}, nil},
		"one too many":   {config(mostAnnotations - frame + 1), Options{}, []string{"warning annotation-limit "}},
		"server side":    {config(mostAnnotations), Options{ServerSideApply: true}, nil},
		"escapes count":  {manifest(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '"+strings.Repeat("<", mostAnnotations/5)+"'}\n"), Options{}, []string{"warning annotation-limit "}},
		"others count":   {manifest(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: {x: "+strings.Repeat("x", mostAnnotations/2)+"}}\n"), Options{}, []string{"warning annotation-limit "}},
		"small and well": {manifest(t, harmless), Options{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, rules(Check(render.Manifests{c.m}, c.o))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCollisions(t *testing.T) {
	service := func(namespace, path string) render.Manifest {
		m := manifest(t, "apiVersion: v1\nkind: Service\nmetadata: {name: web"+namespace+"}\n")
		m.Path = path
		return m
	}
	role := manifest(t, "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: admin}\n")
	for name, c := range map[string]struct {
		apps map[string]App
		want []string
	}{
		"namespaces apart": {map[string]App{"a": {"one", render.Manifests{service("", "s.yaml")}}, "b": {"two", render.Manifests{service("", "s.yaml")}}}, nil},
		"one namespace": {map[string]App{"b": {"one", render.Manifests{service("", "t.yaml")}}, "a": {"two", render.Manifests{service(", namespace: one", "s.yaml")}}},
			[]string{"Service one/web is in a (s.yaml) and in b (t.yaml)"}},
		"cluster-wide": {map[string]App{"a": {"one", render.Manifests{role}}, "b": {"two", render.Manifests{role}}, "c": {"", render.Manifests{role}}},
			[]string{"ClusterRole admin is in a (file.yaml) and in b (file.yaml) and in c (file.yaml)"}},
		"nothing": {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, f := range Collisions(c.apps) {
				if f.Rule != Duplicate || f.Level != Error || f.Hint == "" {
					t.Errorf("not complete: %+v", f)
				}
				got = append(got, f.Message)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Whatever a template makes, the answer is the same twice and no panic.
func FuzzCheck(f *testing.F) {
	f.Add(harmless)
	f.Add("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {a: [b]}\nstringData: c\n")
	f.Add("kind: {Secret: a}\ndata: &x {a: b}\nstringData: *x\n1: {2: 3}\n")
	f.Add("kind: ConfigMap\nbinaryData: {a: {b: c}, d: [e]}\nmetadata: {annotations: {kubectl.kubernetes.io/last-applied-configuration: [a]}}\n")
	f.Fuzz(func(t *testing.T, doc string) {
		ms := render.Manifests{{Path: "a.yaml", Data: []byte(doc)}}
		a, b := Check(ms, Options{}), Check(ms, Options{})
		if !slices.Equal(a, b) {
			t.Errorf("%v, then %v", a, b)
		}
	})
}

// TestSearchedOnce: another environment's copy of a resource is not searched again, and its findings name its own file. What
// is allowed there counts.
func TestSearchedOnce(t *testing.T) {
	const doc = "apiVersion: v1\nkind: Secret\nmetadata: {name: once}\nstringData: {password: hunter2, again: hunter3}\n"
	read := func(path string) render.Manifests {
		ms, err := render.Canonical(render.Output{Documents: []render.Document{render.NewDocument("a.yaml", 1, []byte(doc))}}, "")
		if err != nil {
			t.Fatal(err)
		}
		ms[0].Path = path
		return ms
	}
	dev, prod := read("secret-dev.yaml"), read("secret-prod.yaml")
	one, two := Check(dev, Options{ServerSideApply: true}), Check(prod, Options{ServerSideApply: true})
	if len(one) != 1 || len(two) != 1 || one[0].File != "secret-dev.yaml" || two[0].File != "secret-prod.yaml" {
		t.Errorf("got %v and %v", one, two)
	}
	if found := Check(prod, Options{ServerSideApply: true, AllowSecrets: true}); len(found) != 0 {
		t.Errorf("allowed, and found: %v", found)
	}
	if n := testing.AllocsPerRun(20, func() { credentials(&prod[0], Options{}) }); n > 3 {
		t.Errorf("a resource that was searched before takes %v allocations", n)
	}
}

// TestSearchIsFrugal: text becomes a path where something is found, and nowhere else.
func TestSearchIsFrugal(t *testing.T) {
	m := manifest(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: web, image: ghcr.io/acme/web, args: [a, b, c], env: [{name: A, value: text}, {name: B, value: more}]}]}\n")
	m.Node()
	if n := testing.AllocsPerRun(20, func() { search(&m, false) }); n > 30 {
		t.Errorf("%v allocations", n)
	}
}

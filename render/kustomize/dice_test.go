package kustomize

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/ferry-cd/ferry/render"
)

// dice makes kustomizations up: few names, so that they meet, fields of all kinds, and YAML in the ways that people write it.
type dice struct {
	*rand.Rand
	files render.Files
	known [][2]string // kinds and names that were made
	maps  []string    // names of config maps that were generated
	quirk string      // what is odd about this tree; most have none
}

// quirks are what trees are odd in, one of them in one thing, so that each is met beside what is usual.
var quirks = []string{"scalar", "remark", "null", "twice", "missing", "selectors", "options", "merge", "delete", "directive", "path", "test", "value", "namespace", "text", "marker", "env", "target", "kind", "fields", "annotation", "empty"}

// odd is one for trees with this quirk.
func (d *dice) odd(quirk string, n int) bool {
	return (d.quirk == quirk || d.quirk == "all") && d.one(n)
}

type fields = map[string]any

func newDice(seed uint64) *dice {
	d := &dice{Rand: rand.New(rand.NewPCG(seed, 7)), files: render.Files{}}
	if d.one(3) {
		d.quirk = of(d, append(quirks, "all")...)
	}
	return d
}

// one tells whether this is the one case of n.
func (d *dice) one(n int) bool { return d.IntN(n) == 0 }

func of[T any](d *dice, choices ...T) T { return choices[d.IntN(len(choices))] }

func (d *dice) name() string { return of(d, "web", "db", "settings", "web-2", "a.b") }

// fresh gives a kind and a name that were not made yet, and sometimes one that was.
func (d *dice) fresh() (kind, name string) {
	for {
		kind, name = d.kind(), d.name()
		if !slices.Contains(d.known, [2]string{kind, name}) || d.odd("twice", 2) {
			d.known = append(d.known, [2]string{kind, name})
			return kind, name
		}
	}
}

// met gives what was made, and sometimes what was not.
func (d *dice) met() (kind, name string) {
	if len(d.known) == 0 || d.odd("missing", 4) {
		return d.kind(), d.name()
	}
	pair := of(d, d.known...)
	return pair[0], pair[1]
}

// odd are scalars as they stand in YAML, most of which are something else than they look.
type odd string

func (o odd) MarshalJSON() ([]byte, error) { return json.Marshal(string(o)) }

func (d *dice) scalar() any {
	if d.odd("scalar", 6) {
		return odd(of(d, "1.0", "0x1F", "010", "1e3", "~", "null", "2020-01-01", "=", "yes", "off", "1_000", "'1'", `"true"`, "!!str 5", ".inf", "12345678901234567890", "0.1", "|-\n  a\n  b", ">\n  folded\n  text", `"\u00e9"`, "''"))
	}
	if d.quirk != "" && d.one(3) {
		return of[any](d, -1, "é", "{", "*", "'quoted'", "line\nline\n")
	}
	return of[any](d, "text", 1, 8080, true, false, "web", "settings", "a: b", "# no", "yes", "007", "two words", "x=y", "-1")
}

func (d *dice) env() []any {
	var list []any
	for _, name := range []string{"A", "B", "C", "D"} {
		switch {
		case d.one(2):
		case d.one(3):
			list = append(list, fields{"name": name, "valueFrom": fields{of(d, "configMapKeyRef", "secretKeyRef"): fields{"name": d.name(), "key": "k"}}})
		default:
			list = append(list, fields{"name": name, "value": d.scalar()})
		}
	}
	d.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// some gives a mapping of fields, each with a chance of one to n.
func (d *dice) some(n int, choices map[string]func() any) fields {
	out := fields{}
	for _, key := range slices.Sorted(maps.Keys(choices)) {
		if d.one(n) {
			out[key] = choices[key]()
		}
	}
	return out
}

func (d *dice) container(name string) fields {
	c := d.some(3, map[string]func() any{
		"image": func() any {
			return of(d, "example.com/app", "example.com/app:1", "db", "db:2", "examplescom/app:3", "db@sha256:00", "example.com:5000/db")
		},
		"env": func() any { return d.env() },
		"envFrom": func() any {
			return []any{fields{of(d, "configMapRef", "secretRef"): fields{"name": d.name()}}, fields{"prefix": "P", "configMapRef": fields{"name": d.name()}}}
		},
		"args": func() any { return []any{"a", d.scalar()} },
		"ports": func() any {
			return []any{fields{"containerPort": 80}, d.some(2, map[string]func() any{"containerPort": func() any { return of(d, 80, 81, 82) }, "name": func() any { return d.name() }, "protocol": func() any { return of(d, "TCP", "UDP") }})}
		},
		"volumeMounts": func() any {
			return []any{fields{"mountPath": "/" + d.name(), "name": d.name()}, fields{"mountPath": "/x", "name": "x"}}
		},
		"resources": func() any { return d.maybeEmpty(fields{"limits": fields{"cpu": d.scalar(), "memory": "1Mi"}}) },
		"tty": func() any {
			if d.odd("null", 1) {
				return nil
			}
			return true
		},
		"livenessProbe": func() any {
			return fields{"httpGet": fields{"path": "/", "port": of[any](d, 80, "http")}, "exec": fields{"command": []any{"x"}}}
		},
	})
	c["name"] = name
	return c
}

func (d *dice) maybeEmpty(m fields) any {
	if d.odd("empty", 2) {
		return of[any](d, fields{}, nil, m)
	}
	return m
}

func (d *dice) pod() fields {
	return d.some(2, map[string]func() any{
		"containers": func() any {
			var list []any
			for _, name := range []string{"main", "web", "settings"} {
				if d.one(2) {
					list = append(list, d.container(name))
				}
			}
			return list
		},
		"initContainers":     func() any { return []any{d.container("init")} },
		"serviceAccountName": func() any { return d.name() },
		"imagePullSecrets":   func() any { return []any{fields{"name": d.name()}} },
		"volumes": func() any {
			return []any{fields{"name": d.name(), "configMap": fields{"name": d.name()}}, fields{"name": "x", "emptyDir": fields{}},
				fields{"name": "y", "projected": fields{"sources": []any{fields{"configMap": fields{"name": d.name()}}}}}, fields{"name": "s", "secret": fields{"secretName": d.name()}}}
		},
		"tolerations":     func() any { return []any{fields{"key": d.scalar(), "operator": "Exists"}} },
		"securityContext": func() any { return d.maybeEmpty(fields{"runAsUser": d.scalar()}) },
		"hostAliases":     func() any { return []any{fields{"ip": "1.2.3.4", "hostnames": []any{"a"}}} },
		"nodeSelector":    func() any { return d.maybeEmpty(fields{"disk": d.scalar()}) },
		"affinity": func() any {
			term := func() fields {
				return fields{"topologyKey": d.name(), "labelSelector": d.maybeEmpty(d.some(2, map[string]func() any{"matchLabels": func() any { return d.labels() }}))}
			}
			return d.maybeEmpty(fields{of(d, "podAffinity", "podAntiAffinity"): d.maybeEmpty(d.some(2, map[string]func() any{
				"requiredDuringSchedulingIgnoredDuringExecution": func() any { return []any{term(), term()} },
				"preferredDuringSchedulingIgnoredDuringExecution": func() any {
					return []any{fields{"weight": 1, "podAffinityTerm": term()}, fields{"weight": 2}}
				},
			}))})
		},
		"topologySpreadConstraints": func() any {
			return []any{fields{"maxSkew": 1, "topologyKey": d.name(), "labelSelector": d.maybeEmpty(fields{"matchLabels": d.labels()})}, d.some(2, map[string]func() any{"maxSkew": func() any { return 2 }, "topologyKey": func() any { return d.name() }, "whenUnsatisfiable": func() any { return "ScheduleAnyway" }})}
		},
	})
}

func (d *dice) labels() fields {
	l := fields{}
	for _, key := range []string{"app", "tier", "app.kubernetes.io/name"} {
		if d.one(2) {
			l[key] = d.name()
		}
		if d.odd("scalar", 9) {
			l[key] = d.scalar()
		}
	}
	if len(l) == 0 && !d.odd("empty", 2) {
		l["app"] = d.name()
	}
	return l
}

func (d *dice) metadata(name string) fields {
	m := fields{"name": name}
	if d.one(3) {
		m["labels"] = d.labels()
	}
	if d.odd("annotation", 2) {
		m["annotations"] = fields{of(d, "note", "nginx.ingress.kubernetes.io/auth-secret"): d.name()}
	}
	if d.odd("namespace", 2) {
		m["namespace"] = of(d, "default", "shop")
	}
	return m
}

func (d *dice) template() fields {
	t := fields{"spec": d.pod()}
	if d.one(2) {
		t["metadata"] = fields{"labels": d.labels()}
	}
	return t
}

// kinds make resources without their metadata.
var kinds = map[string]func(*dice) fields{
	"apps/v1 Deployment": func(d *dice) fields {
		return fields{"spec": fields{"replicas": d.IntN(3), "selector": fields{"matchLabels": d.labels()}, "template": d.template()}}
	},
	"apps/v1 StatefulSet": func(d *dice) fields {
		return fields{"spec": fields{"serviceName": d.name(), "template": d.template(), "volumeClaimTemplates": []any{fields{"metadata": fields{"name": d.name()}}, fields{"spec": d.maybeEmpty(fields{"a": "b"})}}}}
	},
	"apps/v1 DaemonSet": func(d *dice) fields { return fields{"spec": fields{"template": d.template()}} },
	"batch/v1 Job": func(d *dice) fields {
		return fields{"spec": fields{"template": d.template(), "selector": d.maybeEmpty(fields{"matchLabels": d.labels()})}}
	},
	"batch/v1 CronJob": func(d *dice) fields {
		return fields{"spec": fields{"schedule": "* * * * *", "jobTemplate": fields{"spec": fields{"template": d.template()}}}}
	},
	"v1 Pod": func(d *dice) fields { return fields{"spec": d.pod()} },
	"v1 Service": func(d *dice) fields {
		return fields{"spec": fields{"selector": d.labels(), "ports": []any{fields{"port": 80, "name": d.name()}}}}
	},
	"v1 ServiceAccount": func(d *dice) fields {
		return d.some(3, map[string]func() any{"imagePullSecrets": func() any { return []any{fields{"name": d.name()}} }, "secrets": func() any { return []any{fields{"name": d.name()}} }})
	},
	"v1 ConfigMap": func(d *dice) fields { return fields{"data": fields{"k": d.scalar(), "file.conf": "a=b\n"}} },
	"v1 Secret":    func(d *dice) fields { return fields{"stringData": fields{"k": d.scalar()}} },
	"v1 Namespace": func(*dice) fields { return fields{} },
	"v1 PersistentVolumeClaim": func(d *dice) fields {
		return fields{"spec": fields{"volumeName": d.name(), "resources": fields{"requests": fields{"storage": "1Gi"}}}}
	},
	"networking.k8s.io/v1 Ingress": func(d *dice) fields {
		return fields{"spec": fields{"tls": []any{fields{"secretName": d.name()}}, "rules": []any{fields{"host": d.name(), "http": fields{"paths": []any{fields{"path": "/", "backend": fields{"service": fields{"name": d.name()}}}}}}}}}
	},
	"networking.k8s.io/v1 NetworkPolicy": func(d *dice) fields {
		return fields{"spec": fields{"podSelector": d.maybeEmpty(fields{"matchLabels": d.labels()}), "policyTypes": []any{"Ingress"},
			of(d, "ingress", "egress"): []any{fields{of(d, "from", "to"): []any{fields{"podSelector": d.maybeEmpty(fields{"matchLabels": d.labels()})}, fields{"ipBlock": fields{"cidr": "10.0.0.0/8"}}}}, fields{}}}}
	},
	"autoscaling/v2 HorizontalPodAutoscaler": func(d *dice) fields {
		return fields{"spec": fields{"maxReplicas": 3, "scaleTargetRef": fields{"apiVersion": "apps/v1", "kind": "Deployment", "name": d.name()}}}
	},
	"policy/v1 PodDisruptionBudget": func(d *dice) fields {
		return fields{"spec": fields{"minAvailable": d.scalar(), "selector": fields{"matchLabels": d.labels()}}}
	},
	"rbac.authorization.k8s.io/v1 Role": func(d *dice) fields {
		return fields{"rules": []any{fields{"resources": []any{"configmaps"}, "resourceNames": []any{d.name()}, "verbs": []any{"get"}}}}
	},
	"rbac.authorization.k8s.io/v1 ClusterRole": func(*dice) fields { return fields{"rules": []any{}} },
	"rbac.authorization.k8s.io/v1 RoleBinding": func(d *dice) fields {
		return fields{"roleRef": fields{"kind": "Role", "name": d.name()}, "subjects": []any{fields{"kind": "ServiceAccount", "name": d.name(), "namespace": "default"}}}
	},
	"admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration": func(d *dice) fields {
		return fields{"webhooks": []any{fields{"name": "a.b.c", "clientConfig": fields{"service": fields{"name": d.name(), "namespace": "default"}}}}}
	},
	"apiregistration.k8s.io/v1 APIService": func(d *dice) fields {
		return fields{"spec": fields{"service": fields{"name": d.name(), "namespace": "default"}}}
	},
	"apiextensions.k8s.io/v1 CustomResourceDefinition": func(d *dice) fields {
		spec := fields{"group": "example.com", "scope": "Namespaced", "versions": []any{fields{"name": "v1"}}}
		if d.one(2) {
			spec["conversion"] = fields{"webhook": fields{"clientConfig": fields{"service": fields{"name": d.name(), "namespace": "default"}}}}
		}
		return fields{"spec": spec}
	},
	"scheduling.k8s.io/v1 PriorityClass": func(*dice) fields { return fields{"value": 1000} },
	"example.com/v1 Widget": func(d *dice) fields {
		return fields{"spec": fields{"configMapName": d.name(), "list": []any{fields{"name": "a"}}, "containers": []any{d.container("c")}, "x": d.scalar()}}
	},
}

func (d *dice) kind() string {
	if d.odd("kind", 2) {
		return of(d, slices.Sorted(maps.Keys(kinds))...)
	}
	return of(d, "apps/v1 Deployment", "v1 Service", "v1 ConfigMap", "v1 ServiceAccount", "networking.k8s.io/v1 Ingress", "batch/v1 CronJob", "apps/v1 StatefulSet")
}

func (d *dice) resource(kind, name string) fields {
	r := kinds[kind](d)
	version, word, _ := strings.Cut(kind, " ")
	r["apiVersion"], r["kind"], r["metadata"] = version, word, d.metadata(name)
	return r
}

// yaml writes values in one of the many ways.
func (d *dice) yaml(v any, indent string) string {
	switch v := v.(type) {
	case odd:
		return " " + strings.ReplaceAll(string(v), "\n", "\n"+indent) + "\n"
	case fields:
		if len(v) == 0 || d.one(8) && d.isShort(v) {
			return " " + d.flow(v) + d.remark()
		}
		keys := slices.Sorted(maps.Keys(v))
		d.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		out := d.remark()
		for _, key := range keys {
			if d.odd("remark", 8) {
				out += indent + "# a remark\n"
			}
			out += indent + key + ":" + d.yaml(v[key], indent+of(d, "  ", "  ", "    "))
		}
		return out
	case []any:
		if len(v) == 0 || d.one(8) && d.isShort(v) {
			return " " + d.flow(v) + d.remark()
		}
		out := d.remark()
		for _, below := range v {
			if m, ok := below.(fields); ok && len(m) > 0 {
				block := d.yaml(m, indent+"  ")
				_, block, _ = strings.Cut(block, "\n")
				if strings.HasPrefix(block, indent+"  ") && !strings.HasPrefix(block, indent+"  #") {
					out += indent + "- " + block[len(indent)+2:]
					continue
				}
				out += indent + "- " + d.flow(m) + "\n"
				continue
			}
			out += indent + "-" + d.yaml(below, indent+"  ")
		}
		return out
	}
	return " " + d.flow(v) + d.remark()
}

func (d *dice) remark() string {
	if d.odd("remark", 8) {
		return " # remark\n"
	}
	return "\n"
}

func (d *dice) isShort(v any) bool {
	text := fmt.Sprint(v)
	return len(text) < 100 && !strings.ContainsAny(text, "|>\n!")
}

func (d *dice) flow(v any) string {
	switch v := v.(type) {
	case odd:
		return string(v)
	case fields:
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, key+": "+d.flow(v[key]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		var parts []string
		for _, below := range v {
			parts = append(parts, d.flow(below))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case nil:
		return "null"
	case string:
		if isPlainName(v, "-/") && v != "yes" && v != "text" && v[0] > '9' && d.one(2) {
			return v
		}
		if v == "" {
			return "''"
		}
		return strconv.Quote(v)
	}
	return fmt.Sprint(v)
}

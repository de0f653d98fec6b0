package hooks

import (
	"encoding/json"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/ferry-cd/ferry/door"
)

// Event is what an engine says happened. Of all this only the object's name is acted on; the rest is for the log.
type Event struct {
	Source                string // flux | argocd | gitops-connector
	Kind, Namespace, Name string // Name is empty where the sender does not say: gitops-connector's Argo CD template
	Reason, Revision      string
	Time                  time.Time // zero where it is not said
	Commit                string    // where there is no Name: the one that was asked for, if that is known
	Part                  Part      // where there is no Name: a resource that the object applies, if one is known
}

// Part is a resource of an Application.
type Part struct{ Group, Kind, Namespace, Name string }

// watched are the kinds that somebody looks at.
var watched = map[string]bool{"Kustomization": true, "HelmRelease": true, "GitRepository": true, "OCIRepository": true, "Bucket": true,
	"ExternalArtifact": true, "HelmChart": true, "Application": true}

// fluxEvent is the part of a Flux event (v1beta1) that is read.
type fluxEvent struct {
	Object struct {
		Kind, Namespace, Name string
	} `json:"involvedObject"`
	Timestamp string            `json:"timestamp"`
	Reason    string            `json:"reason"`
	Metadata  map[string]string `json:"metadata"`
}

func readFlux(body []byte) (Event, bool) {
	var f fluxEvent
	if json.Unmarshal(body, &f) != nil || f.Object.Kind == "" {
		return Event{}, false
	}
	e := Event{Source: "flux", Kind: f.Object.Kind, Namespace: f.Object.Namespace, Name: f.Object.Name, Reason: short(f.Reason), Revision: short(f.revision())}
	var err error
	e.Time, err = time.Parse(time.RFC3339, f.Timestamp)
	return e, err == nil && e.named() && e.Name != ""
}

// revision finds the revision in both spellings: notification-controller takes the group away from
// kustomize.toolkit.fluxcd.io/revision, controllers that post by themselves do not. What names the commit comes first.
func (f fluxEvent) revision() string {
	for _, wanted := range []string{"originRevision", "revision"} {
		if v := f.Metadata[wanted]; v != "" {
			return v
		}
		for _, group := range []string{"kustomize", "helm", "source"} {
			if v := f.Metadata[group+".toolkit.fluxcd.io/"+wanted]; v != "" {
				return v
			}
		}
	}
	return ""
}

// argoEvent is what our notification template for Argo CD sends: parts of the Application, encoded by Argo CD itself.
type argoEvent struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Name, Namespace string
	} `json:"metadata"`
	Status    argoStatus `json:"status"`
	Timestamp string     `json:"timestamp"`
}

type argoStatus struct {
	Sync struct {
		Revision string `json:"revision"`
	} `json:"sync"`
	Operation struct {
		Phase string `json:"phase"`
	} `json:"operationState"`
}

func readArgo(body []byte) (Event, bool) {
	var a argoEvent
	if json.Unmarshal(body, &a) != nil || a.Kind == "" && a.Metadata.Name == "" {
		return readSeed(body)
	}
	if a.Kind != "" && a.Kind != "Application" || a.Metadata.Name == "" {
		return Event{}, false
	}
	e := Event{Source: "argocd", Kind: "Application", Namespace: a.Metadata.Namespace, Name: a.Metadata.Name, Reason: short(a.Status.Operation.Phase),
		Revision: short(a.Status.Sync.Revision)}
	if a.Timestamp != "" {
		at, err := time.Parse(time.RFC3339, a.Timestamp)
		if err != nil {
			return e, false
		}
		e.Time = at
	}
	return e, e.named()
}

// readEither serves gitops-connector's one path, to which both engines were pointed.
func readEither(body []byte) (Event, bool) {
	if e, ok := readFlux(body); ok {
		return e, true
	}
	return readArgo(body)
}

// objectName is how Kubernetes names objects: a DNS subdomain.
var objectName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$`)
})

// named tells whether kind, namespace and name could be those of an object.
func (e Event) named() bool {
	return len(e.Kind) <= 63 && !strings.ContainsFunc(e.Kind, notLetter) &&
		(e.Name == "" || objectName().MatchString(e.Name)) && (e.Namespace == "" || objectName().MatchString(e.Namespace))
}

// short makes what a sender wrote fit for a line of a log.
func short(s string) string { return door.Outside(s).Cut(120).Line() }

func notLetter(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') }

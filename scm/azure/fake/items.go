package fake

import (
	"net/http"
	"slices"
	"strconv"
)

// item is a work item.
type item struct {
	ID        int        `json:"id"`
	Rev       int        `json:"rev"`
	Relations []relation `json:"relations,omitempty"`
}

type relation struct {
	Rel        string         `json:"rel"`
	URL        string         `json:"url"`
	Attributes map[string]any `json:"attributes"`
}

// WorkItem makes one, and gives what it is linked to by then.
func (f *Fake) WorkItem(id int) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.items[id] == nil {
		f.items[id] = &item{ID: id, Rev: 1}
	}
	var out []string
	for _, r := range f.items[id].Relations {
		out = append(out, r.URL)
	}
	return out
}

func (f *Fake) itemOf(a *ask) (*item, error) {
	id, _ := strconv.Atoi(a.PathValue("item"))
	if f.items[id] == nil {
		return nil, &refusal{404, "WorkItemUnauthorizedAccessException", "TF401232: Work item " + a.PathValue("item") + " does not exist, or you do not have permissions to read it."}
	}
	return f.items[id], nil
}

func (f *Fake) workItem(a *ask) (any, error) { return f.itemOf(a) }

func (f *Fake) editWorkItem(a *ask) (any, error) {
	is, err := f.itemOf(a)
	if err != nil {
		return nil, err
	}
	if a.Header.Get("Content-Type") != "application/json-patch+json" {
		return nil, &refusal{http.StatusUnsupportedMediaType, "", "TF400813: the content type is not supported"}
	}
	var in []struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value any    `json:"value"`
	}
	if err := a.read(&in); err != nil {
		return nil, err
	}
	for _, op := range in {
		switch {
		case op.Op == "test" && op.Path == "/rev":
			if op.Value != float64(is.Rev) {
				return nil, &refusal{http.StatusPreconditionFailed, "TestPatchOperationFailedException", "VS403351: Test Operation for path /rev failed."}
			}
		case op.Op == "add" && op.Path == "/relations/-":
			if err := is.relate(op.Value); err != nil {
				return nil, err
			}
		default:
			return nil, bad("Operation %s %s is not supported.", op.Op, op.Path)
		}
	}
	is.Rev++
	return is, nil
}

func (i *item) relate(value any) error {
	v, _ := value.(map[string]any)
	url, _ := v["url"].(string)
	kind, _ := v["rel"].(string)
	if url == "" || kind == "" {
		return bad("The relation is not understood.")
	}
	if slices.ContainsFunc(i.Relations, func(r relation) bool { return r.URL == url }) {
		return &refusal{400, "RelationAlreadyExistsException", "VS402625: Relation already exists."}
	}
	attributes, _ := v["attributes"].(map[string]any)
	i.Relations = append(i.Relations, relation{kind, url, attributes})
	return nil
}

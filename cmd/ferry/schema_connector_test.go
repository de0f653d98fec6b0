package main

import (
	"encoding/json"
	"os"
	"testing"
)

// What pipelines are told is what the published schema says.
func TestMessagesFollowTheirSchema(t *testing.T) {
	s := compiledSchema(t, messageSchema)
	for _, name := range []string{"promotion", "advance"} {
		data, err := os.ReadFile("../../connector/pipeline/testdata/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var envelope struct{ Data map[string]any }
		if err := json.Unmarshal(data, &envelope); err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(envelope.Data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		envelope.Data["outcome"] = "perhaps"
		if s.Validate(envelope.Data) == nil {
			t.Errorf("%s: the schema takes any outcome", name)
		}
		delete(envelope.Data, "repository")
		if s.Validate(envelope.Data) == nil {
			t.Errorf("%s: the schema does without a repository", name)
		}
	}
}

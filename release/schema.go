package release

import (
	"encoding/json"
	"regexp"

	"github.com/invopop/jsonschema"
)

// SchemaID is where the JSON Schema of release documents is published.
const SchemaID = "https://ferry-cd.github.io/ferry/schema/release-v1.json"

// Schema gives the JSON Schema of release documents, made from the types and the forms that the parser checks.
func Schema() ([]byte, error) {
	r := jsonschema.Reflector{Anonymous: true}
	s := r.Reflect(Document{})
	s.ID = SchemaID
	s.Title = "A release document of ferry"
	for _, rule := range rules {
		p, _ := s.Definitions[rule.definition].Properties.Get(rule.property)
		p.Description = rule.text
		if rule.form != nil {
			p.Pattern = rule.form().String()
		}
		if rule.more != nil {
			rule.more(p)
		}
	}
	data, err := json.MarshalIndent(s, "", "  ")
	return append(data, '\n'), err
}

// rules are what the types do not say.
var rules = []struct {
	definition, property, text string
	form                       func() *regexp.Regexp
	more                       func(*jsonschema.Schema)
}{
	{"Document", "schemaVersion", "Version of this format.", nil, func(s *jsonschema.Schema) { s.Const = DocumentVersion }},
	{"Document", "releases", "One release of each app, accepted together or not at all.", nil, atLeastOne},
	{"Release", "app", "Name of the app in ferry.yaml.", nameForm, nil},
	{"Release", "version", "A label for people, such as 1.4.0; always a string.", nil, lengths(1, maxVersion)},
	{"Release", "sequence", "Orders the releases of an app; taken from the CI's variables where it is missing.", nil, nil},
	{"Release", "source", "What the release was built from; taken from the CI's variables where it is missing.", nil, nil},
	{"Release", "templates", "Git tree id of the templates; ferry finds it from the source commit.", idForm, nil},
	{"Release", "root", "Folder of the source repository that templates is the tree of.", nil, lengths(1, maxPath)},
	{"Release", "fetched", "Where the templates came from, when that is not the source; ferry fills it in.", nil, nil},
	{"Fetched", "from", "Address of a chart repository, a registry or a Git repository.", nil, lengths(1, maxText)},
	{"Fetched", "name", "Name of the chart.", nil, lengths(1, maxText)},
	{"Fetched", "version", "Version of the chart, or ref of the repository.", nil, lengths(1, maxText)},
	{"Fetched", "digest", "Digest of the archive or manifest, or full id of the commit.", contentForm, nil},
	{"Release", "images", "The images that were built for this release.", nil, func(s *jsonschema.Schema) { s.MaxItems = count(maxImages) }},
	{"Release", "tickets", "Tickets that the release is about; ferry also finds them in commits.", nil, func(s *jsonschema.Schema) {
		s.MaxItems, s.Items = count(maxTickets), &jsonschema.Schema{Type: "string", MinLength: count(1), MaxLength: count(maxTicket)}
	}},
	{"Release", "authors", "Who wrote what the release brings; ferry finds them where an environment excludes source-authors.", nil, func(s *jsonschema.Schema) { s.MaxItems = count(maxShares) }},
	{"Share", "since", "Full id of a commit, or start.", nil, nil},
	{"Share", "people", "Who wrote what is in the release and not in that commit's history; those of shares before not again.", nil, func(s *jsonschema.Schema) { s.MaxItems = count(maxPeople) }},
	{"Person", "name", "As commits name the person.", nil, lengths(1, maxPerson)},
	{"Person", "email", "The address in the commits.", nil, lengths(1, maxPerson)},
	{"Person", "login", "On the forge of the GitOps repository.", nil, lengths(1, maxPerson)},
	{"Sequence", "kind", "Where the number comes from; numbers are compared within one kind.", nil, func(s *jsonschema.Schema) {
		for _, k := range kinds {
			s.Enum = append(s.Enum, k)
		}
	}},
	{"Sequence", "number", "A number that grows from one release of the app to the next.", nil, func(s *jsonschema.Schema) { s.Minimum = "1" }},
	{"Source", "repository", "URL of the repository, without credentials.", nil, lengths(1, maxText)},
	{"Source", "commit", "Full id of the commit.", idForm, nil},
	{"Source", "ref", "Branch or tag, such as refs/heads/main.", nil, lengths(1, maxText)},
	{"Source", "time", "Committer time of the commit, in whole seconds.", nil, nil},
	{"Image", "name", "The image as ferry.yaml and templates call it, without tag.", nil, lengths(1, maxName)},
	{"Image", "repository", "Where the image lies, when that is not its name.", nil, lengths(1, maxName)},
	{"Image", "tag", "For people; always a string.", tagForm, nil},
	{"Image", "digest", "What is deployed.", digestForm, nil},
	{"Image", "carried", "Version of the release that the image was taken over from.", nil, lengths(1, maxVersion)},
}

func count(n int) *uint64 { u := uint64(n); return &u }

func atLeastOne(s *jsonschema.Schema) { s.MinItems = count(1) }

func lengths(least, most int) func(*jsonschema.Schema) {
	return func(s *jsonschema.Schema) { s.MinLength, s.MaxLength = count(least), count(most) }
}

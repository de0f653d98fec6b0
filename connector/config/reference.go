package config

import (
	"slices"

	"github.com/ferry-cd/ferry/environments"
)

// SchemaID is where the JSON Schema of connector.yaml is published.
const SchemaID = "https://ferry-cd.github.io/ferry/schema/connector-v1.json"

// Schema gives the JSON Schema of connector.yaml, made from the types that the decoder fills.
func Schema() ([]byte, error) {
	return environments.SchemaOf(rootFile{}, SchemaID, "The configuration of ferry's connector")
}

// Reference writes docs/connector-yaml.md.
func Reference() []byte { return slices.Concat([]byte(opening), environments.Tables(rootFile{})) }

const opening = `# connector.yaml

What ` + "`ferry connector --config connector.yaml`" + ` watches, whom it tells, and what goes on afterwards. This page is made from the types
that ferry reads it with; ` + "`ferry schema connector`" + ` prints the JSON Schema for editors, ` + "`ferry connector check`" + ` tries everything that it
names. [docs/connector.md](connector.md) is the guide.

Unknown keys, wrong types and names that do not exist are errors, all reported at once with file, line and column. **No secret has a place
in the file**: a secret is a file (` + "`{file: /etc/ferry/token}`" + `) or an environment variable (` + "`{env: FERRY_TOKEN}`" + `). Files are read again
whenever the secret is used, so one that was replaced needs no restart.

`

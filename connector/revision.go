package connector

// Revision is what an engine calls the state of a source, taken apart.
type Revision struct {
	Kind      string // git | oci | chart | bucket; empty where there is none
	Branch    string // branch, tag or ref it was found by, where it is told
	Algorithm string // sha1, sha256
	Value     string // commit, digest or chart version
}

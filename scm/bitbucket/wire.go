package bitbucket

import "time"

// account is a person, a team or a token.
type account struct {
	UUID        string `json:"uuid"`
	DisplayName string `json:"display_name,omitempty"`
}

func uuid(a *account) string {
	if a == nil {
		return ""
	}
	return a.UUID
}

// pullRequest is one as the API shows it; participants only where it is asked for by number.
type pullRequest struct {
	ID           int           `json:"id"`
	Title        string        `json:"title"`
	Description  string        `json:"description"`
	State        string        `json:"state"` // OPEN, MERGED, DECLINED, SUPERSEDED
	Draft        bool          `json:"draft"`
	Author       *account      `json:"author"`
	Source       endpoint      `json:"source"`
	Destination  endpoint      `json:"destination"`
	MergeCommit  *commit       `json:"merge_commit"`
	ClosedBy     *account      `json:"closed_by"`
	Reviewers    []account     `json:"reviewers"`
	Participants []participant `json:"participants"`
	Created      time.Time     `json:"created_on"`
	Updated      time.Time     `json:"updated_on"`
	Links        links         `json:"links"`
}

// endpoint is one side of a pull request; its commit is missing when the branch is, its repository when that is.
type endpoint struct {
	Branch     branch      `json:"branch"`
	Commit     *commit     `json:"commit,omitempty"`
	Repository *repository `json:"repository,omitempty"`
}

type branch struct {
	Name            string   `json:"name"`
	MergeStrategies []string `json:"merge_strategies,omitempty"`
}

type commit struct {
	Hash string `json:"hash"` // the first 12 digits, but for where a commit is asked for
}

type repository struct {
	FullName string `json:"full_name"`
	UUID     string `json:"uuid"`
}

type links struct {
	HTML struct {
		Href string `json:"href"`
	} `json:"html"`
}

type participant struct {
	User         account   `json:"user"`
	State        *string   `json:"state"` // approved, changes_requested
	Participated time.Time `json:"participated_on"`
}

// proposal is what a pull request is made of and edited with.
type proposal struct {
	Title       string    `json:"title"`
	Description string    `json:"description"`
	Draft       bool      `json:"draft"`
	Source      *endpoint `json:"source,omitempty"`
	Destination *endpoint `json:"destination,omitempty"`
	Reviewers   []account `json:"reviewers"`
}

type mergeRequest struct {
	Type              string `json:"type"`
	Message           string `json:"message,omitempty"`
	CloseSourceBranch bool   `json:"close_source_branch"`
	Strategy          string `json:"merge_strategy"`
}

// activity is one thing that happened to a pull request, newest first.
type activity struct {
	Update *struct {
		Date   time.Time `json:"date"`
		Source endpoint  `json:"source"`
	} `json:"update,omitempty"`
}

type buildStatus struct {
	Key         string    `json:"key"`
	State       string    `json:"state"`
	Name        string    `json:"name"`
	URL         string    `json:"url"`
	Description string    `json:"description"`
	Updated     time.Time `json:"updated_on,omitzero"`
}

type comment struct {
	ID      int      `json:"id,omitempty"`
	User    *account `json:"user,omitempty"`
	Deleted bool     `json:"deleted,omitempty"`
	Content struct {
		Raw string `json:"raw"`
	} `json:"content"`
}

type diffstat struct {
	Status string `json:"status"`
}

type permission struct {
	Permission string  `json:"permission"` // read, write, admin
	User       account `json:"user"`
}

type restriction struct {
	Kind      string `json:"kind"`
	MatchKind string `json:"branch_match_kind"`
	Pattern   string `json:"pattern"`
	Value     *int   `json:"value"`
}

package pipeline

import (
	"context"
	"fmt"
	"net/http"
	"slices"
)

// Roles of GitLab, of which Developer is the lowest that may play a job.
// https://docs.gitlab.com/api/access_requests/#valid-access-levels, https://docs.gitlab.com/user/permissions/
const developer = 30

var roles = map[int]string{5: "minimal access", 10: "Guest", 15: "Planner", 20: "Reporter"}

// membership is how a user came to a project. It is null where that is told elsewhere, as for groups that it is shared with.
type membership struct {
	Level int `json:"access_level"`
}

// Try implements Host. GitLab says which role a token has in a project and what its scope is, so that more is known here
// than that it is taken. A token that is no personal one, as of a login, has no scope to be asked for.
func (j manual) Try(ctx context.Context) (string, error) {
	var project struct {
		Permissions struct {
			Project *membership `json:"project_access"`
			Group   *membership `json:"group_access"`
		} `json:"permissions"`
	}
	if err := j.call(ctx, http.MethodGet, j.path, nil, &project); err != nil {
		return "", err
	}
	level := 0
	for _, m := range []*membership{project.Permissions.Project, project.Permissions.Group} {
		if m != nil {
			level = max(level, m.Level)
		}
	}
	if level > 0 && level < developer {
		return "", &noRightError{"the user of the token is " + role(level) + " of the project, and may play no job"}
	}
	var token struct {
		Scopes []string `json:"scopes"`
	}
	if err := j.call(ctx, http.MethodGet, "/personal_access_tokens/self", nil, &token); err == nil && len(token.Scopes) > 0 && !slices.Contains(token.Scopes, "api") {
		return "", &noRightError{fmt.Sprintf("the scope of the token is %q, and does not let it play a job", token.Scopes)}
	}
	if level == 0 {
		return takes, nil
	}
	return "the host takes the token, and its user may play jobs of the project", nil
}

func role(level int) string {
	if name, known := roles[level]; known {
		return name
	}
	return fmt.Sprintf("of access level %d", level)
}

// noRightError says that a token is good for something, and not for this.
type noRightError struct{ what string }

func (e *noRightError) Error() string { return e.what }
func (e *noRightError) Hint() string {
	return "give the pipeline a token of scope api, of a user who is at least Developer of the project"
}

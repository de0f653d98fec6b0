package fake

import (
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

const teamPrefix = "team/"

type person struct {
	ID        string `json:"id"`
	Name      string `json:"uniqueName"`
	Display   string `json:"displayName"`
	Container bool   `json:"isContainer"`
}

// person is an account or a team as others see it.
func (f *Fake) person(who string) person {
	if team, ok := strings.CutPrefix(who, teamPrefix); ok {
		return person{guid(who), "vstfs:///Classification/TeamProject/" + guid(Project) + `\` + team, "[" + Project + `]\` + team, true}
	}
	return person{guid(who), mail(who), "The " + who, false}
}

func idOf(who string) string { return guid(who) }

// named finds an account or team by its id.
func (f *Fake) named(id string) string {
	for _, name := range f.names {
		if guid(name) == id {
			return name
		}
	}
	for team := range f.teams {
		if guid(teamPrefix+team) == id {
			return teamPrefix + team
		}
	}
	return ""
}

func (f *Fake) connection(a *ask) (any, error) {
	return map[string]any{"authenticatedUser": map[string]any{"id": guid(a.who), "providerDisplayName": "The " + a.who, "isActive": true,
		"properties": map[string]any{"Account": map[string]any{"$type": "System.String", "$value": mail(a.who)}}}}, nil
}

// descriptors of the groups that a role is in.
func groups(role hosttest.Role) []string {
	return map[hosttest.Role][]string{hosttest.Read: {"group-readers"}, hosttest.Write: {"group-contributors"}, hosttest.Admin: {"group-contributors", "group-admins"}}[role]
}

func (f *Fake) identity(who string, membership bool) map[string]any {
	out := map[string]any{"id": guid(who), "descriptor": "user-" + who, "isActive": f.Host.Role(who) > hosttest.None, "isContainer": false,
		"providerDisplayName": "The " + who, "properties": map[string]any{
			"Account": map[string]any{"$type": "System.String", "$value": mail(who)}, "Mail": map[string]any{"$type": "System.String", "$value": mail(who)}}}
	if membership {
		out["memberOf"] = groups(f.Host.Role(who))
	}
	return out
}

// searchIdentities finds by id, or by the beginning of a name, as the real one does.
func (f *Fake) searchIdentities(a *ask) (any, error) {
	q := a.URL.Query()
	var out []map[string]any
	ids := strings.Split(q.Get("identityIds"), ",")
	for _, name := range f.names {
		found := slices.Contains(ids, guid(name))
		if q.Get("identityIds") == "" {
			found = q.Get("searchFilter") == "General" && strings.HasPrefix(mail(name), strings.ToLower(q.Get("filterValue")))
		}
		if found {
			out = append(out, f.identity(name, q.Get("queryMembership") == "ExpandedUp"))
		}
	}
	return many(out), nil
}

func (f *Fake) teamOf(a *ask) (string, error) {
	name := a.PathValue("team")
	if _, ok := f.teams[name]; !ok {
		return "", &refusal{404, "TeamNotFoundException", "The team with id '" + name + "' does not exist or you do not have permission to access it."}
	}
	return name, nil
}

func (f *Fake) team(a *ask) (any, error) {
	name, err := f.teamOf(a)
	return map[string]any{"id": guid(teamPrefix + name), "name": name}, err
}

func (f *Fake) members(a *ask) (any, error) {
	name, err := f.teamOf(a)
	if err != nil {
		return nil, err
	}
	var out []map[string]any
	for _, m := range f.teams[name] {
		out = append(out, map[string]any{"identity": f.person(m), "isTeamAdmin": false})
	}
	out, err = page(a, out, "$top", "$skip", 1000, 100)
	return many(out), err
}

// Bits of permissions that roles have.
const (
	readBits  = 2
	writeBits = 2 | 4 | 8 | 16 | 16384
	adminBits = writeBits | 1
)

func (f *Fake) bits(who string) int {
	bits := map[hosttest.Role]int{hosttest.Read: readBits, hosttest.Write: writeBits, hosttest.Admin: adminBits}[f.Host.Role(who)]
	return bits &^ f.deny[who]
}

func (f *Fake) permissions(a *ask) (any, error) {
	type question struct {
		Namespace string `json:"securityNamespaceId"`
		Token     string `json:"token"`
		Bits      int    `json:"permissions"`
		Value     bool   `json:"value"`
	}
	var in struct {
		Evaluations []question `json:"evaluations"`
	}
	if err := a.read(&in); err != nil {
		return nil, err
	}
	for i, e := range in.Evaluations {
		in.Evaluations[i].Value = e.Token == "repoV2/"+guid(Project)+"/"+guid(Repository)+"/" && f.bits(a.who)&e.Bits == e.Bits
	}
	return in, nil
}

// accessLists gives what is set where it is asked for: groups for the project, denials for the repository.
func (f *Fake) accessLists(a *ask) (any, error) {
	token := strings.TrimSuffix(a.URL.Query().Get("token"), "/")
	aces := map[string]any{}
	switch token {
	case "repoV2/" + guid(Project) + "/" + guid(Repository):
		for name, bits := range f.deny {
			aces["user-"+name] = map[string]int{"allow": 0, "deny": bits}
		}
	case "repoV2/" + guid(Project):
		aces["group-readers"] = map[string]int{"allow": readBits, "deny": 0}
		aces["group-contributors"] = map[string]int{"allow": writeBits, "deny": 0}
	}
	return many([]map[string]any{{"token": token, "inheritPermissions": true, "acesDictionary": aces}}), nil
}

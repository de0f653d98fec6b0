package environments

import "slices"

// Notify is one place that hears what happens.
type Notify struct {
	To                        string   // name of the environment variable that holds the address
	Events                    []string // opened, approval, merged, healthy, failed, rolled-back
	Environments, Apps, Teams []string // empty: all
	Text                      string   // template; "" = the built-in words
}

// Wants tells whether the place hears of something that happened to an app in an environment.
func (n Notify) Wants(event, environment string, app App) bool {
	among := func(list []string, name string) bool { return len(list) == 0 || slices.Contains(list, name) }
	return slices.Contains(n.Events, event) && among(n.Environments, environment) && among(n.Apps, app.Name) && among(n.Teams, app.Team)
}

type notifyFile struct {
	To           variableName `yaml:"to" jsonschema:"required" doc:"Name of the environment variable that holds the address of a chat, a mailbox or a webhook, as the library shoutrrr writes it: it is a secret and has no place in Git." example:"FERRY_NOTIFY_RELEASES"`
	Events       []newsName   `yaml:"events" default:"approval, failed, rolled-back" doc:"What is worth a message." example:"[approval, merged, failed, rolled-back]"`
	Environments []appName    `yaml:"environments" doc:"Only of these environments; without it, all." example:"[prod]"`
	Apps         []appName    `yaml:"apps" doc:"Only of these apps; without it, all." example:"[shop]"`
	Teams        []appName    `yaml:"teams" doc:"Only of apps of these teams; without it, all." example:"[storefront]"`
	Text         templateText `yaml:"text" doc:"Template of a message, over .Event, .Environment, .Apps, .Title, .Text and .URL." example:"\"{{ .Title }} {{ .URL }}\""`
}

type (
	variableName string
	newsName     string
)

func (variableName) rule() rule {
	return rule{name: "the name of an environment variable", pattern: `^[A-Z][A-Z0-9_]{0,99}$`}
}
func (newsName) rule() rule {
	return words("opened", "approval", "merged", "healthy", "failed", "rolled-back")
}

// checkNotify looks at what notify names and says.
func (l *loader) checkNotify() {
	list := l.rootNode.get("notify")
	for i, n := range l.root.Notify {
		at := list.item(i)
		for key, names := range map[string][]appName{"environments": n.Environments, "apps": n.Apps, "teams": n.Teams} {
			for j, name := range names {
				l.knows(l.namesOf(key), string(name), at.get(key).item(j).Position, "notify names %q, which does not exist", name)
			}
		}
		l.checkTexts("notify", at.get("text"))
	}
}

// namesOf lists the environments, apps or teams of the configuration.
func (l *loader) namesOf(key string) []string {
	var names []string
	switch key {
	case "environments":
		return l.environmentNames()
	case "apps":
		for _, a := range l.apps {
			names = append(names, string(a.Name))
		}
	case "teams":
		for _, a := range l.apps {
			names = append(names, string(a.Team))
		}
	}
	return names
}

func notifyOf(list []notifyFile) []Notify {
	var out []Notify
	for _, n := range list {
		on := strs(n.Events)
		if on == nil {
			on = []string{"approval", "failed", "rolled-back"}
		}
		out = append(out, Notify{To: string(n.To), Events: on, Environments: strs(n.Environments), Apps: strs(n.Apps), Teams: strs(n.Teams), Text: string(n.Text)})
	}
	return out
}

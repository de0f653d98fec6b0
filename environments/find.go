package environments

import "fmt"

// Find gives an app's effective settings in an environment. Its error says which of the two does not exist, or that the
// app does not go there.
func (c *Config) Find(app, environment string) (Placement, error) {
	if p, ok := c.Placement(app, environment); ok {
		return p, nil
	}
	if _, ok := c.App(app); !ok {
		return Placement{}, &unknownName{"app", app, nearest(app, c.appNames())}
	}
	if _, ok := c.Environment(environment); !ok {
		return Placement{}, &unknownName{"environment", environment, nearest(environment, c.environmentNames())}
	}
	return Placement{}, &notThere{app, environment}
}

func (c *Config) appNames() []string {
	var out []string
	for _, a := range c.Apps {
		out = append(out, a.Name)
	}
	return out
}

func (c *Config) environmentNames() []string {
	var out []string
	for _, e := range c.Environments {
		out = append(out, e.Name)
	}
	return out
}

// unknownName is an app or environment that the configuration does not define.
type unknownName struct{ what, name, nearest string }

func (e *unknownName) Error() string {
	return fmt.Sprintf("%s has no %s %q", RootFile, e.what, quote(e.name))
}

// ExitCode is the row for a wrong command line.
func (e *unknownName) ExitCode() int { return 2 }

func (e *unknownName) Hint() string {
	if e.nearest == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", e.nearest)
}

// notThere is an app that does not go to an environment.
type notThere struct{ app, environment string }

func (e *notThere) Error() string { return fmt.Sprintf("%q does not go to %q", e.app, e.environment) }

// ExitCode is the row for a wrong command line.
func (e *notThere) ExitCode() int { return 2 }

func (e *notThere) Hint() string { return "the app's only leaves that environment out" }

package main

import (
	"os"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/source/helper"
	"github.com/ferry-cd/ferry/source/registry"
)

// registryOptions say how registries are asked.
type registryOptions struct {
	mirrors, plain, realms cli.StringSlice
	helpers                bool
}

func registryFlags(o *registryOptions) []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "registry-mirror", EnvVars: []string{"FERRY_REGISTRY_MIRRORS"}, Destination: &o.mirrors,
			Usage: "`HOST=MIRROR`: ask MIRROR, host or host/prefix, in place of a registry; may be repeated"},
		&cli.StringSliceFlag{Name: "registry-http", EnvVars: []string{"FERRY_REGISTRY_HTTP"}, Destination: &o.plain,
			Usage: "`HOST` of a registry or chart repository that may be asked without TLS; may be repeated"},
		&cli.StringSliceFlag{Name: "registry-realm", EnvVars: []string{"FERRY_REGISTRY_REALMS"}, Destination: &o.realms,
			Usage: "`HOST` of another site that may see credentials of a registry which names it as where its tokens come from; may be repeated"},
		&cli.BoolFlag{Name: "credential-helpers", EnvVars: []string{"FERRY_CREDENTIAL_HELPERS"}, Destination: &o.helpers,
			Usage: "start the docker-credential-* programs that your docker configuration names"},
	}
}

// openRegistry reads from registries with the credentials that docker and podman keep. It asks nobody yet.
func (a *app) openRegistry(o *registryOptions, log func(string)) (*registry.Client, error) {
	keys := registry.KeyOptions{Getenv: a.Getenv, ReadFile: os.ReadFile, Now: a.Now}
	if o.helpers {
		keys.Helper = helper.Ask
	}
	known, err := registry.LoadKeys(keys)
	if err != nil {
		return nil, err
	}
	mirrors, err := registry.ParseMirrors(o.mirrors.Value())
	if err != nil {
		return nil, err
	}
	ca, err := a.certificates()
	if err != nil {
		return nil, err
	}
	return registry.New(registry.Options{Keys: known, CABundle: ca, Mirrors: mirrors, PlainHTTP: o.plain.Value(), Realms: o.realms.Value(), Now: a.Now, Log: log})
}

// registryLog prints what goes to registries, for those who asked.
func (a *app) registryLog(o forgeOptions) func(string) {
	if !o.verbose {
		return nil
	}
	return func(line string) { a.say(calls, "registry: %s", line) }
}

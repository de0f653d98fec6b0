package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/connector/cluster"
	"github.com/ferry-cd/ferry/connector/config"
	"github.com/ferry-cd/ferry/connector/hooks"
	"github.com/ferry-cd/ferry/connector/operate"
)

// connectorOptions say which cluster is watched, and as whom.
type connectorOptions struct {
	config              string
	kubeconfig, context string
	namespace, lease    string
	alone, open         bool
	verbose             bool
	output              string
}

func connectorFlags(o *connectorOptions) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "config", Aliases: []string{"c"}, EnvVars: []string{"FERRY_CONNECTOR_CONFIG"}, Value: config.File, Destination: &o.config, Usage: "`FILE` of the configuration"},
		&cli.StringFlag{Name: "kubeconfig", EnvVars: []string{"KUBECONFIG"}, Destination: &o.kubeconfig, Usage: "`FILE` of the way to the cluster (default: the pod that this runs in)"},
		&cli.StringFlag{Name: "context", Destination: &o.context, Usage: "`NAME` of the kubeconfig's context"},
		&cli.StringFlag{Name: "namespace", EnvVars: []string{"POD_NAMESPACE"}, Destination: &o.namespace, Usage: "`NAMESPACE` of the Lease that connectors elect their leader by (default: the pod's)"},
		&cli.StringFlag{Name: "lease", Value: "ferry-connector", Destination: &o.lease, Usage: "`NAME` of the Lease"},
		&cli.BoolFlag{Name: "alone", Destination: &o.alone, Usage: "no election: no other connector answers for this cluster"},
		&cli.BoolFlag{Name: "allow-unsigned-webhooks", Destination: &o.open, Usage: "take webhooks without signature and token, where nobody else can reach the port"},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, EnvVars: []string{"FERRY_VERBOSE"}, Destination: &o.verbose, Usage: "log each webhook and each request to a forge"},
	}
}

func (a *app) connectorCommand() *cli.Command {
	var o connectorOptions
	return &cli.Command{
		Name:  "connector",
		Usage: "watch Flux and Argo CD in a cluster, say on the forge what they did, and let pipelines go on",
		Description: "Runs until it is stopped. It needs no database and writes nothing into the cluster but the Lease of its election.\n" +
			"docs/connector.md is the guide, docs/connector-yaml.md explains each key of the configuration.",
		Flags:       connectorFlags(&o),
		Subcommands: []*cli.Command{a.connectorCheckCommand(), a.connectorArtifactCommand()},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usagef("ferry connector takes no arguments, not %q", c.Args().First())
			}
			return a.runConnector(c.Context, o)
		},
	}
}

// readConnectorConfig reads the configuration, and sees that every secret is where it says.
func (a *app) readConnectorConfig(file string) (*config.Config, error) {
	data, err := os.ReadFile(a.below(file))
	if err != nil {
		return nil, usagef("read the configuration: %w", err)
	}
	return config.Load(file, data)
}

// running is a connector at work.
type running struct {
	*app
	o       connectorOptions
	config  *config.Config
	secrets *config.Keeper
	log     *slog.Logger
	metrics *operate.Metrics
	sources *sourceForges

	watcher  *cluster.Watcher
	election *cluster.Election // nil where this one is alone
	hooks    *hooks.Server     // nil where none come
	loop     atomic.Pointer[connector.Connector]
	ended    atomic.Bool

	mu    sync.Mutex
	calls map[string]counted // by destination, as they are opened
	spend []spender
}

func (a *app) runConnector(ctx context.Context, o connectorOptions) error {
	cfg, err := a.readConnectorConfig(o.config)
	if err != nil {
		return err
	}
	r := &running{app: a, o: o, config: cfg, secrets: config.NewKeeper(a.Getenv), log: jsonLog(a.journal(), o.verbose), metrics: operate.NewMetrics(version), calls: map[string]counted{}}
	r.sources = newSourceForges(r)
	access, err := cluster.Connect(o.kubeconfig, o.context, "ferry-connector/"+version)
	if err != nil {
		return fmt.Errorf("find the cluster: %w", err)
	}
	if err := r.checkSecrets(); err != nil {
		return err
	}
	r.watcher = cluster.New(cluster.Options{Client: access.Client, Discovery: access.Discovery, Namespaces: cfg.Namespaces, Now: a.Now})
	if !o.alone {
		r.election = r.elect(access)
	}
	work, err := r.assemble()
	if err != nil {
		return err
	}
	ports, err := r.listen(work)
	if err != nil {
		return err
	}
	r.log.Info("started", "version", version, "cluster", cfg.Cluster, "server", access.Host, "repositories", len(cfg.Repositories), "pipelines", len(cfg.Pipelines))
	return r.run(ctx, work, ports)
}

// checkSecrets wants every secret to be there at the start; later, one that goes missing for a moment is no reason to stop.
func (r *running) checkSecrets() error {
	for _, s := range r.config.Secrets() {
		if _, err := r.secrets.Read(s); err != nil {
			return err
		}
	}
	return nil
}

// run keeps everything going until the context ends, or something that must not end does.
func (r *running) run(ctx context.Context, work connector.Options, ports []port) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var all sync.WaitGroup
	all.Go(func() { r.watcher.Run(ctx) })
	if r.hooks != nil {
		all.Go(func() { r.hooks.Run(ctx) })
	}
	failed := make(chan error, 1+len(ports))
	for _, p := range ports {
		all.Go(func() {
			if err := p.serve(ctx); err != nil {
				failed <- err
				stop()
			}
		})
	}
	err := r.lead(ctx, func(ctx context.Context) { r.work(ctx, work) })
	r.ended.Store(true)
	stop()
	all.Wait()
	select {
	case first := <-failed:
		return first
	default:
	}
	r.log.Info("stopped")
	return err
}

// work is what only the leader does. Each term begins with nothing in memory, and reads what was said from the forge.
func (r *running) work(ctx context.Context, o connector.Options) {
	loop, err := connector.New(o)
	if err != nil {
		r.log.Error("cannot begin", "error", err.Error())
		return
	}
	r.log.Info("leading")
	r.loop.Store(loop)
	defer r.loop.Store(nil)
	loop.Run(ctx)
}

// lead waits for this one's turn, unless there is no other.
func (r *running) lead(ctx context.Context, work func(context.Context)) error {
	if r.election == nil {
		work(ctx)
		return nil
	}
	return r.election.Run(ctx, work)
}

func (r *running) leads() bool { return r.election == nil || r.election.Leading() }

func (r *running) elect(access cluster.Access) *cluster.Election {
	return &cluster.Election{Client: access.Client, Namespace: cmp.Or(r.o.namespace, podNamespace()), Name: r.o.lease, Identity: processName(r.Getenv)}
}

// podNamespace is where Kubernetes tells a pod its namespace.
func podNamespace() string {
	data, err := os.ReadFile("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
	if err != nil {
		return "default"
	}
	return strings.TrimSpace(string(data))
}

// processName names this process among all that ever take part.
func processName(getenv func(string) string) string {
	host, _ := os.Hostname()
	return cmp.Or(getenv("POD_NAME"), host, "connector") + "_" + strings.ToLower(rand.Text()[:8])
}

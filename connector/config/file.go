// Package config reads connector.yaml: what a connector watches, whom it tells, who it is there, and what goes on afterwards.
// It is read as strictly as ferry.yaml, and holds no secret: only where each one is kept.
//
//	file.go       the file as people write it; the schema and docs/connector-yaml.md are made from it
//	config.go     what others read: defaults filled in
//	check.go      what no single value shows: names twice, pipelines that aim nowhere or at several things
//	kinds.go      what each kind of text must look like
//	secret.go     secrets, read where they are kept, again whenever they are asked for
//	reference.go  the schema and the reference
package config

import "github.com/ferry-cd/ferry/environments"

// File is the name under which the file is usually kept.
const File = "connector.yaml"

type rootFile struct {
	Version      int               `yaml:"version" jsonschema:"required,minimum=1,maximum=1" doc:"Version of this format." example:"1"`
	Cluster      environments.Name `yaml:"cluster" doc:"Name of this cluster, as ferry.yaml's clusters name it. Environments that declare clusters are reported for this one alone." example:"eu-1"`
	Namespaces   []namespace       `yaml:"namespaces" doc:"Namespaces whose Kustomizations, HelmReleases and Applications are watched; without it, all." example:"[flux-system, argocd]"`
	Repositories []gitopsFile      `yaml:"repositories" jsonschema:"required" doc:"The GitOps repositories whose environments run in this cluster." example:"[{url: https://github.com/acme/gitops, credentials: {token: {file: /etc/ferry/token}}}]"`
	Sources      []sourceFile      `yaml:"sources" doc:"Who the connector is to the repositories that releases come from, to tell their commits too. The first whose url fits counts; without one, source commits are not told." example:"[{url: \"https://github.com/acme/*\", credentials: {token: {file: /etc/ferry/token}}}]"`
	Pipelines    []pipelineFile    `yaml:"pipelines" doc:"Pipelines that go on when a promotion has ended." example:"[{name: acceptance, when: [healthy], environments: [dev], github: {repository: acme/shop, workflow: acceptance.yml}, token: {file: /etc/ferry/ci}}]"`
	Webhooks     webhooksFile      `yaml:"webhooks" doc:"Where Flux and Argo CD may send events, so that changes are noticed sooner. Without it, no port is opened." example:"{listen: \":8080\", signing: [{file: /etc/ferry/webhook}]}"`
	Metrics      metricsFile       `yaml:"metrics" doc:"Where the connector says how it does." example:"{listen: \":8081\"}"`
	Page         pageFile          `yaml:"page" doc:"A page of units and promotions beside the metrics, at /. Without tokens there is none." example:"{tokens: [{file: /etc/ferry/page}]}"`
	Limits       limitsFile        `yaml:"limits" doc:"How long and how often." example:"{settle: 5s, every: 1m}"`
}

type gitopsFile struct {
	URL          environments.RepositoryURL   `yaml:"url" jsonschema:"required" doc:"Where the repository is, as ferry --repo takes it." example:"https://github.com/acme/gitops"`
	Addresses    []environments.RepositoryURL `yaml:"addresses" doc:"Other addresses under which Flux or Argo CD know it, as that of a mirror. HTTPS and SSH to the same host are the same." example:"[https://mirror.example.com/gitops]"`
	Forge        forgeFile                    `yaml:"forge" doc:"The forge that holds it, where its address does not tell." example:"{kind: gitlab, url: https://git.example.com}"`
	Credentials  credentialsFile              `yaml:"credentials" doc:"Who the connector is there." example:"{token: {file: /etc/ferry/token}}"`
	Environments []environments.Name          `yaml:"environments" doc:"Environments of the repository that run in this cluster; without it, all, or those that list the cluster." example:"[dev, qa]"`
	Units        []unitFile                   `yaml:"units" doc:"Which object applies an app, where repository, branch and path do not tell." example:"[{environment: prod, app: shop, kind: Kustomization, namespace: flux-system, name: shop}]"`
	Deployments  bool                         `yaml:"deployments" doc:"Show promotions as deployments too, on forges that have them." example:"true"`
	Production   []environments.Name          `yaml:"production" doc:"Environments whose deployments are shown as production." example:"[prod]"`
}

type forgeFile struct {
	Kind    environments.ForgeKind `yaml:"kind" jsonschema:"required" doc:"Which forge it is." example:"gitlab"`
	URL     environments.WebURL    `yaml:"url" doc:"Where its web pages begin, if not at the repository's host." example:"https://git.example.com/forge"`
	PerHour int                    `yaml:"perHour" jsonschema:"minimum=60,maximum=1000000" default:"480" doc:"Statuses that are written in an hour at most. The default stays below GitHub's limit of 500; other forges allow more. Where several share a credential, the lowest that is given counts." example:"2000"`
}

type credentialsFile struct {
	Token    secretFile        `yaml:"token" doc:"A token for the forge and its Git server; docs/forges.md says what it must allow." example:"{file: /etc/ferry/token}"`
	Username environments.Line `yaml:"username" doc:"User that belongs to the token, where the forge wants one." example:"ferry"`
	App      appFile           `yaml:"app" doc:"A GitHub App, in place of a token." example:"{id: \"123456\", key: {file: /etc/ferry/app.pem}}"`
	SSHKey   secretFile        `yaml:"sshKey" doc:"A private key, for repositories whose address is SSH." example:"{file: /etc/ferry/id_ed25519}"`
}

type appFile struct {
	ID  environments.Line `yaml:"id" jsonschema:"required" doc:"The App's client id or app id." example:"\"123456\""`
	Key secretFile        `yaml:"key" jsonschema:"required" doc:"Its private key." example:"{file: /etc/ferry/app.pem}"`
}

type secretFile struct {
	File filePath `yaml:"file" doc:"A file that holds the secret and nothing else. Read again when it changes." example:"/etc/ferry/token"`
	Env  envName  `yaml:"env" doc:"An environment variable that holds it." example:"FERRY_TOKEN"`
}

func (secretFile) Instead() string { return inPlace }

// inPlace is said to whoever writes a secret where its place belongs.
const inPlace = "a secret itself has no place in this file: write {file: ...} or {env: ...}"

type unitFile struct {
	Environment environments.Name `yaml:"environment" jsonschema:"required" doc:"The environment." example:"prod"`
	App         environments.Name `yaml:"app" doc:"The app; without it, every app of the environment." example:"shop"`
	Kind        unitKind          `yaml:"kind" jsonschema:"required" doc:"What the object is." example:"Kustomization"`
	Namespace   namespace         `yaml:"namespace" jsonschema:"required" doc:"Its namespace." example:"flux-system"`
	Name        objectName        `yaml:"name" jsonschema:"required" doc:"Its name." example:"shop"`
}

type sourceFile struct {
	URL         urlPattern      `yaml:"url" jsonschema:"required" doc:"Address of the source repository, as releases name it; * stands for any text." example:"\"https://github.com/acme/*\""`
	Forge       forgeFile       `yaml:"forge" doc:"The forge that holds it, where its address does not tell." example:"{kind: gitea}"`
	Credentials credentialsFile `yaml:"credentials" doc:"Who the connector is there." example:"{token: {file: /etc/ferry/token}}"`
}

type webhooksFile struct {
	Listen  listenAddress     `yaml:"listen" default:":8080" doc:"Address that is listened on." example:"\":8080\""`
	Signing []secretFile      `yaml:"signing" doc:"Keys of signatures, as Flux's generic-hmac provider makes them. Two while one replaces the other." example:"[{file: /etc/ferry/webhook-new}, {file: /etc/ferry/webhook-old}]"`
	Tokens  []secretFile      `yaml:"tokens" doc:"Bearer tokens, or passwords of any user, for senders that do not sign: Argo CD." example:"[{file: /etc/ferry/argocd}]"`
	MaxAge  environments.Span `yaml:"maxAge" default:"15m" doc:"Events that are older are refused." example:"15m"`
}

type metricsFile struct {
	Listen listenAddress `yaml:"listen" default:":8081" doc:"Address of /metrics, /livez, /readyz and the page." example:"\"127.0.0.1:8081\""`
}

type pageFile struct {
	Tokens []secretFile `yaml:"tokens" doc:"Bearer tokens, or passwords of any user, that open the page." example:"[{file: /etc/ferry/page}]"`
}

type limitsFile struct {
	Settle   environments.Span `yaml:"settle" default:"5s" doc:"How long Argo CD has to say the same before it is believed." example:"5s"`
	Every    environments.Span `yaml:"every" default:"1m" doc:"How often the repositories are looked at when nothing says that they changed." example:"1m"`
	Debounce environments.Span `yaml:"debounce" default:"10s" doc:"How long a state that is no end lasts before it is said." example:"10s"`
	Posts    int               `yaml:"posts" jsonschema:"minimum=4,maximum=500" default:"50" doc:"Statuses that one commit and context may get; forges have an end too." example:"50"`
	Waiting  int               `yaml:"waiting" jsonschema:"minimum=10,maximum=1000000" default:"10000" doc:"Webhooks' hints that may wait; after that, senders are told to come back." example:"10000"`
}

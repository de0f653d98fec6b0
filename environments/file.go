package environments

// The types in this file are ferry.yaml as people write it. They are the one source of the strict decoder, the JSON
// Schema, `ferry explain` and docs/ferry-yaml.md: yaml names the key, doc says what it means, example shows a value,
// and jsonschema:"required" marks what must not be left out.

// rootFile is ferry.yaml.
type rootFile struct {
	Version      int               `yaml:"version" jsonschema:"required,minimum=1,maximum=1" doc:"Version of this format." example:"1"`
	Forge        forgeFile         `yaml:"forge" doc:"The forge that holds this repository, where its address does not tell." example:"{kind: gitlab, url: https://git.example.com}"`
	Requires     constraint        `yaml:"requires" doc:"Versions of ferry that may work with this repository; any other refuses." example:"\">=0.1 <0.2\""`
	Include      []glob            `yaml:"include" doc:"Files of teams that define apps; * and ? match within a folder's name. They may tighten gates, never loosen them." example:"[apps/*/ferry.app.yaml]"`
	Defaults     settings          `yaml:"defaults" doc:"What holds in every environment that does not say otherwise. Lists written in an environment replace these." example:"{kubernetes: {version: \"1.34\"}}"`
	Apps         []appFile         `yaml:"apps" doc:"The apps: units that are rendered and promoted on their own." example:"[{name: shop, source: {repository: https://github.com/acme/shop, path: charts/shop}}]"`
	Environments []environmentFile `yaml:"environments" jsonschema:"required" doc:"The places that releases are promoted into." example:"[{name: dev}, {name: prod, after: [dev]}]"`
	Overrides    []overrideFile    `yaml:"overrides" doc:"Who may pass which gates in an emergency, on record: ferry promote --override. Without it, nobody." example:"[{environments: [prod], gates: [soak, freezes], by: [ada], approvals: 1}]"`
	Policies     []policyFile      `yaml:"policies" doc:"Rules that every rendered resource must follow; see docs/rendering.md." example:"[{name: replicas, rule: \"object.kind != 'Deployment' || object.spec.replicas > 1\", message: one replica is none}]"`
	Trust        trustFile         `yaml:"trust" doc:"Whose commit statuses count; a status from anyone else is ignored, and named." example:"{connector: [app/ferry-connector]}"`
	People       map[person][]text `yaml:"people" doc:"Accounts on the forge to the addresses or names in commits, where the forge does not tell: so that source-authors can be excluded." example:"{ada: [ada@example.com, Ada Lovelace]}"`
	Risk         riskRules         `yaml:"risk" doc:"Rules of risk that are switched off, lowered or raised; docs/risks.md lists them." example:"{image-downgrade: critical, delete-workload: \"off\"}"`
	Text         textsFile         `yaml:"text" doc:"Templates for what ferry writes, over .Title, .Environment, .Unit, .Apps, .Tickets, .Risk, .Risks, .Added, .Changed and .Removed." example:"{title: \"{{ .Environment }}: {{ .Title }}\"}"`
	Notify       []notifyFile      `yaml:"notify" doc:"Who hears what happens, in chats, by mail or webhook; see docs/notifications.md." example:"[{to: FERRY_NOTIFY_RELEASES, events: [approval, failed]}]"`
	Tickets      ticketsFile       `yaml:"tickets" doc:"Tickets that releases are about: found, listed, linked, and asked for." example:"{pattern: \"[A-Z]+-[0-9]+\", require: [prod]}"`
	Keep         horizon           `yaml:"keep" default:"10 releases" doc:"How far back templates of releases are kept for rollbacks, of each app in each environment, when ferry prune runs." example:"20 releases"`
}

type forgeFile struct {
	Kind forgeKind `yaml:"kind" jsonschema:"required" doc:"Which forge it is." example:"gitlab"`
	URL  webURL    `yaml:"url" doc:"Where its web pages begin, with a path where it has one. On the host of this repository; for any other give --forge-url." example:"https://git.example.com/forge"`
}

// teamFile is what include names: apps and nothing else.
type teamFile struct {
	Version int       `yaml:"version" jsonschema:"minimum=1,maximum=1" doc:"Version of this format." example:"1"`
	Apps    []appFile `yaml:"apps" jsonschema:"required" doc:"The apps of this team." example:"[{name: shop, source: {repository: https://github.com/acme/shop, path: charts/shop}}]"`
}

type appFile struct {
	Name          appName              `yaml:"name" jsonschema:"required" doc:"Name of the app. Apps and groups share one name space." example:"shop"`
	Team          appName              `yaml:"team" doc:"Who owns the app; fills {team}." example:"storefront"`
	Source        sourceFile           `yaml:"source" jsonschema:"required" doc:"Where the templates come from." example:"{repository: https://github.com/acme/shop, path: charts/shop}"`
	AllowedFrom   []allowedFile        `yaml:"allowedFrom" doc:"Repositories and refs that releases may come from; without it, only the source's repository." example:"[{repository: acme/shop, ref: refs/heads/main}]"`
	Images        []imageFile          `yaml:"images" doc:"The images that a release of this app carries." example:"[{name: ghcr.io/acme/shop}]"`
	Group         appName              `yaml:"group" doc:"Apps of one group share a pull request." example:"storefront"`
	Namespace     namespace            `yaml:"namespace" doc:"Namespace of the app, in every environment that is not overridden below." example:"shop"`
	Only          []appName            `yaml:"only" doc:"Environments that the app goes to; without it, all. What comes after an environment it does not go to comes after that one's upstream." example:"[dev, qa]"`
	AllowSecrets  bool                 `yaml:"allowSecrets" doc:"Let plain Secrets of this app into Git. Only ferry.yaml may say so." example:"true"`
	Tell          tellFile             `yaml:"tell" doc:"Who hears how far a release has come." example:"{sourcePullRequest: true}"`
	Labels        []label              `yaml:"labels" doc:"Labels for this app's pull requests, beside those of the environment." example:"[storefront]"`
	Environments  map[appName]settings `yaml:"environments" doc:"What differs in an environment. Lists are added to the environment's; an empty list takes those away. windows, clusters and approvals.from replace instead." example:"{prod: {gates: {soak: 48h}}}"`
	renderingFile `yaml:",inline"`
}

type sourceFile struct {
	Repository repository `yaml:"repository" doc:"Git URL of the source repository; releases from any other are refused. With ref: a repository other than the app's, of which only the templates are taken." example:"https://github.com/acme/shop"`
	Ref        gitRef     `yaml:"ref" doc:"Branch, tag or full commit id of repository that templates are taken from at each submit, where the repository is not the app's own." example:"v1.4.0"`
	OCI        ociAddress `yaml:"oci" doc:"A chart, bundle or Flux artifact in a registry, in place of repository." example:"oci://ghcr.io/acme/charts/shop"`
	Helm       webAddress `yaml:"helm" doc:"Address of a Helm chart repository, in place of repository." example:"https://charts.example.com"`
	Chart      chartName  `yaml:"chart" doc:"The chart, with helm." example:"shop"`
	Version    text       `yaml:"version" doc:"Version of the chart or a range of versions, resolved at each submit; with oci also a tag or a digest." example:"\"^1.2\""`
	Path       sourcePath `yaml:"path" default:"." doc:"The folder to render: a chart, a kustomization or manifests. May contain {environment}." example:"charts/shop"`
	Root       filePath   `yaml:"root" doc:"The folder that is stored with a release; it contains path and all that path refers to. Without it, the part of path before a placeholder." example:"deploy"`
}

type allowedFile struct {
	Repository text    `yaml:"repository" jsonschema:"required" doc:"The repository as the forge names it." example:"acme/shop"`
	Ref        refName `yaml:"ref" doc:"The ref that releases come from; * matches any text. Without it, any ref." example:"refs/heads/main"`
}

type imageFile struct {
	Name     imageName          `yaml:"name" jsonschema:"required" doc:"Name of the image, with its registry and without tag." example:"ghcr.io/acme/shop"`
	Match    imageName          `yaml:"match" doc:"Name in the templates, where it is another." example:"shop"`
	Optional bool               `yaml:"optional" doc:"No error when a render does not use the image." example:"true"`
	Fields   []fieldPath        `yaml:"fields" doc:"Fields of custom resources that hold the image." example:"[\"Workflow.spec.templates[].container.image\"]"`
	Set      map[text]valueText `yaml:"set" doc:"Values to set, for charts that want tag or digest as a value: path to template over .Release and .Image." example:"{image.tag: \"{{ .Release.Version }}\"}"`
}

type environmentFile struct {
	Name     appName   `yaml:"name" jsonschema:"required" doc:"Name of the environment." example:"prod"`
	After    []appName `yaml:"after" doc:"Environments that a release passes before this one, all of them. Without it, releases enter here." example:"[qa]"`
	settings `yaml:",inline"`
}

// settings are what defaults, an environment and an app's override of an environment may say.
type settings struct {
	Path          folder         `yaml:"path" doc:"Folder of an app's manifests; contains {app}. Also filled in: {environment}, {group}, {team}." example:"clusters/{environment}/{app}"`
	Branch        branchName     `yaml:"branch" doc:"Branch that holds the manifests. Configuration is always read from the default branch." example:"env/prod"`
	Values        []valuesFile   `yaml:"values" doc:"Values files of the GitOps repository, later wins as in Helm; ? marks one that may be missing. An app's own come after the environment's." example:"[\"values/{app}.yaml?\", \"values/{environment}/{app}.yaml?\"]"`
	Namespace     namespace      `yaml:"namespace" doc:"Namespace of apps that do not name their own." example:"\"{app}\""`
	Kubernetes    kubernetesFile `yaml:"kubernetes" doc:"What the clusters of the environment offer; charts ask for it." example:"{version: \"1.34\"}"`
	Merge         mergeRule      `yaml:"merge" doc:"Who merges: review leaves it to a person, auto lets ferry merge once gates and the forge's required checks pass." example:"auto"`
	PullRequest   *bool          `yaml:"pullRequest" doc:"false goes straight to the branch." example:"false"`
	Engine        engineName     `yaml:"engine" doc:"GitOps engine of the environment; decides what hooks mean." example:"argocd"`
	Clusters      []appName      `yaml:"clusters" doc:"Clusters that report on their own; gates need all of them." example:"[eu-1, eu-2]"`
	Health        healthFile     `yaml:"health" doc:"What counts as healthy." example:"{from: connector}"`
	Deadline      duration       `yaml:"deadline" doc:"How long clusters may take after a merge." example:"30m"`
	Labels        []label        `yaml:"labels" doc:"Labels for pull requests." example:"[\"environment/{environment}\"]"`
	Reviewers     []asked        `yaml:"reviewers" doc:"People, and teams as team/NAME, who are asked to review pull requests. Asking is no gate: approvals is." example:"[team/release, ada]"`
	Assignees     []asked        `yaml:"assignees" doc:"People to whom pull requests are assigned." example:"[grace]"`
	Supersede     supersede      `yaml:"supersede" doc:"What a newer release does to an open pull request: replace puts the newer one into it, on-approval does so until somebody approves, queue lets it wait until the pull request is merged or closed." example:"on-approval"`
	Together      *bool          `yaml:"together" doc:"The apps of a group travel together or not at all. Without it, those that may go do, and the others are named." example:"true"`
	Rollback      rollbackFile   `yaml:"rollback" doc:"How ferry rollback goes back in the environment, and whether ferry does so by itself." example:"{approvals: 1, on: failure, within: 30m}"`
	Hotfix        quickFile      `yaml:"hotfix" doc:"The gates of ferry hotfix, which goes straight into the environment." example:"{approvals: 2, ignore: [soak, windows]}"`
	Gates         gatesFile      `yaml:"gates" doc:"Conditions for entering the environment." example:"{soak: 24h}"`
	Images        rewriteFile    `yaml:"images" doc:"What happens to images on the way into the environment." example:"{rewrite: {dev.azurecr.io: prod.azurecr.io}}"`
	renderingFile `yaml:",inline"`
}

type kubernetesFile struct {
	Version versionText  `yaml:"version" doc:"Kubernetes version, in quotes. Every environment needs one, its own or from defaults." example:"\"1.34\""`
	APIs    []apiVersion `yaml:"apis" doc:"API versions beyond Kubernetes' own that charts may ask for." example:"[monitoring.coreos.com/v1]"`
}

type healthFile struct {
	From   healthFrom `yaml:"from" doc:"connector: ferry's connector reports. status, check: the key of that name tells which commit status. merged: merging is enough, and is shown as not health-checked." example:"merged"`
	Status statusName `yaml:"status" doc:"Pattern of the commit statuses that tell, all of them." example:"kustomization/*"`
	Check  statusName `yaml:"check" doc:"The check that tells." example:"smoke/{app}"`
}

type gatesFile struct {
	Healthy     *bool         `yaml:"healthy" default:"true where there is an after" doc:"The release is proven in every environment this one comes after." example:"true"`
	Soak        duration      `yaml:"soak" doc:"It has been healthy there for this long." example:"24h"`
	Checks      []statusName  `yaml:"checks" doc:"Commit statuses that must be success." example:"[\"acceptance/qa/{app}\"]"`
	Approvals   approvalsFile `yaml:"approvals" doc:"People who must approve." example:"{count: 2}"`
	Windows     []windowFile  `yaml:"windows" doc:"Times of the week in which the environment may change; without any, always." example:"[{days: [Mon, Tue], from: \"09:00\", to: \"16:00\", zone: Europe/Berlin}]"`
	Freezes     []freezeFile  `yaml:"freezes" doc:"Days on which nothing enters." example:"[{from: 2026-12-20, to: 2027-01-03, zone: Europe/Berlin, reason: holidays}]"`
	ImageExists *bool         `yaml:"imageExists" doc:"Every image of the release is still in its registry, under the name that it has in the environment. ferry asks with its own credentials." example:"true"`
	Manual      *bool         `yaml:"manual" doc:"Only ferry promote --env moves a release here." example:"true"`
}

type approvalsFile struct {
	Count   int      `yaml:"count" jsonschema:"minimum=0,maximum=20" doc:"How many people." example:"2"`
	From    []person `yaml:"from" doc:"Whose approval counts; without it, everyone who may approve." example:"[ada, grace]"`
	Exclude []person `yaml:"exclude" doc:"Whose approval does not count. source-authors are all who wrote, co-wrote or committed what the release adds to what runs there." example:"[release-bot, source-authors]"`
}

// quickFile are the gates of a way that is quicker than the usual one.
type quickFile struct {
	Approvals *int       `yaml:"approvals" jsonschema:"minimum=0,maximum=20" default:"1 where the environment asks for approvals or people merge" doc:"How many people approve, of those whose approval counts in the environment." example:"1"`
	Ignore    []gateName `yaml:"ignore" default:"soak, windows, freezes" doc:"Gates of the environment that do not hold it back." example:"[soak, windows, freezes]"`
}

type rollbackFile struct {
	quickFile `yaml:",inline"`
	On        rollbackOn `yaml:"on" doc:"failure: ferry goes back by itself when a release is reported as failed soon after it came." example:"failure"`
	Within    duration   `yaml:"within" default:"1h" doc:"How soon after it came." example:"30m"`
}

type overrideFile struct {
	Environments []appName  `yaml:"environments" doc:"Where; without it, everywhere." example:"[prod]"`
	Gates        []gateName `yaml:"gates" jsonschema:"required" doc:"Which gates may be passed." example:"[soak, windows, freezes]"`
	By           []person   `yaml:"by" jsonschema:"required" doc:"Who may: logins of the forge, or team/NAME." example:"[ada, team/on-call]"`
	Approvals    int        `yaml:"approvals" jsonschema:"minimum=0,maximum=20" default:"1" doc:"How many other people must approve; at least one." example:"1"`
	Review       duration   `yaml:"review" doc:"Within which time somebody else confirms that it was right: ferry audit --confirm. Until then status shows it." example:"72h"`
}

type windowFile struct {
	Days []weekday `yaml:"days" doc:"Days on which the window opens; without it, every day." example:"[Mon, Tue, Wed, Thu]"`
	From clock     `yaml:"from" jsonschema:"required" doc:"When it opens, in quotes." example:"\"09:00\""`
	To   closing   `yaml:"to" jsonschema:"required" doc:"When it is closed again, in quotes; before from, it is on the next day." example:"\"16:00\""`
	Zone zoneName  `yaml:"zone" jsonschema:"required" doc:"Time zone of both." example:"Europe/Berlin"`
}

type freezeFile struct {
	From   date     `yaml:"from" jsonschema:"required" doc:"First day." example:"2026-12-20"`
	To     date     `yaml:"to" jsonschema:"required" doc:"Last day." example:"2027-01-03"`
	Zone   zoneName `yaml:"zone" jsonschema:"required" doc:"Time zone of the days." example:"Europe/Berlin"`
	Reason text     `yaml:"reason" jsonschema:"required" doc:"Why, for those who wait." example:"holidays"`
}

type rewriteFile struct {
	Rewrite map[registry]registry `yaml:"rewrite" doc:"Registry to the registry of this environment: same image, same digest." example:"{dev.azurecr.io: prod.azurecr.io}"`
}

type trustFile struct {
	Connector []text                `yaml:"connector" doc:"Accounts whose ferry/... statuses count; without it, anyone who may post them." example:"[app/ferry-connector]"`
	Checks    map[statusName][]text `yaml:"checks" doc:"Pattern of a check to the accounts whose word counts." example:"{\"acceptance/*\": [app/ci]}"`
	Issuers   []webURL              `yaml:"issuers" doc:"Issuers of the tokens by which a CI says who wrote a release: apps with allowedFrom take only releases that carry one. Without it, a release is believed." example:"[https://token.actions.githubusercontent.com]"`
}

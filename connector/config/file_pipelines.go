package config

import "github.com/ferry-cd/ferry/environments"

// pipelineFile is a pipeline that goes on. Exactly one of its hosts is given.
type pipelineFile struct {
	Name         environments.Name   `yaml:"name" jsonschema:"required" doc:"Name of the pipeline, for statuses and metrics." example:"acceptance"`
	When         []outcome           `yaml:"when" default:"[healthy, failed, superseded, timed-out, closed]" doc:"Ends of a promotion that are told. advance is none of them: it starts ferry advance where health changed, or when a wait is over." example:"[healthy, failed]"`
	Repositories []urlPattern        `yaml:"repositories" doc:"GitOps repositories it is for; without it, all." example:"[https://github.com/acme/gitops]"`
	Environments []environments.Name `yaml:"environments" doc:"Environments it is for; without it, all." example:"[dev]"`
	Apps         []environments.Name `yaml:"apps" doc:"Apps it is for; without it, all." example:"[shop]"`
	Token        secretFile          `yaml:"token" doc:"Who the connector is to the pipeline's host; docs/connector.md says what it must allow." example:"{file: /etc/ferry/ci}"`
	GitHub       githubFile          `yaml:"github" doc:"A workflow of GitHub Actions, an event for a repository, or a deployment's status." example:"{repository: acme/shop, workflow: acceptance.yml}"`
	GitLab       gitlabFile          `yaml:"gitlab" doc:"A new pipeline of GitLab, or a manual job in the one that built the release." example:"{project: acme/shop, job: after-deployment}"`
	Azure        azureFile           `yaml:"azure" doc:"A run of an Azure pipeline, or a task that waits in the run that built the release." example:"{url: https://dev.azure.com/acme, project: shop, pipeline: 12}"`
	Gitea        giteaFile           `yaml:"gitea" doc:"A workflow of Gitea or Forgejo." example:"{url: https://git.example.com, repository: acme/shop, workflow: acceptance.yml}"`
	Webhook      outgoingFile        `yaml:"webhook" doc:"Any other, by a signed message (Standard Webhooks)." example:"{url: https://ci.example.com/ferry, signing: [{file: /etc/ferry/outgoing}]}"`
	AllowPrivate bool                `yaml:"allowPrivate" doc:"The host may have an address of a private network." example:"true"`
}

type githubFile struct {
	URL        environments.WebURL `yaml:"url" default:"https://github.com" doc:"Where the forge's pages begin." example:"https://github.example.com"`
	Repository slug                `yaml:"repository" jsonschema:"required" doc:"The repository, as OWNER/NAME." example:"acme/shop"`
	Workflow   workflow            `yaml:"workflow" doc:"File of the workflow to dispatch." example:"acceptance.yml"`
	Ref        refName             `yaml:"ref" default:"main" doc:"Branch or tag whose workflow runs." example:"main"`
	Inputs     map[inputName]input `yaml:"inputs" doc:"Inputs of the workflow; those it does not declare are refused by GitHub. Filled in: {environment}, {app}, {cluster}, {commit}, {outcome}, {version}, {source}, {repository}, {key}." example:"{environment: \"{environment}\", version: \"{version}\"}"`
	Event      eventName           `yaml:"event" doc:"Type of a repository_dispatch event, in place of a workflow." example:"ferry"`
	Deployment bool                `yaml:"deployment" doc:"Set the status of the source commit's deployment, in place of a workflow: workflows on deployment_status go on." example:"true"`
}

type gitlabFile struct {
	URL       environments.WebURL `yaml:"url" default:"https://gitlab.com" doc:"Where the forge's pages begin." example:"https://git.example.com"`
	Project   project             `yaml:"project" jsonschema:"required" doc:"Path of the project." example:"acme/shop"`
	Ref       refName             `yaml:"ref" default:"main" doc:"Branch or tag that the new pipeline is for." example:"main"`
	Trigger   secretFile          `yaml:"trigger" doc:"A trigger token: a new pipeline is started with it." example:"{file: /etc/ferry/trigger}"`
	Job       environments.Line   `yaml:"job" doc:"Name of a manual job, in place of a trigger: it is played in the pipeline that built the release." example:"after-deployment"`
	Variables map[inputName]input `yaml:"variables" doc:"Variables, beside FERRY_ENVIRONMENT, FERRY_APP, FERRY_CLUSTER, FERRY_COMMIT, FERRY_OUTCOME, FERRY_VERSION, FERRY_SOURCE and FERRY_KEY." example:"{SUITE: smoke}"`
}

type azureFile struct {
	URL       environments.WebURL `yaml:"url" jsonschema:"required" doc:"The organization or collection." example:"https://dev.azure.com/acme"`
	Project   azureProject        `yaml:"project" jsonschema:"required" doc:"The project." example:"shop"`
	Pipeline  int                 `yaml:"pipeline" jsonschema:"minimum=0,maximum=2147483647" doc:"Id of the pipeline to run." example:"12"`
	Ref       refName             `yaml:"ref" default:"main" doc:"Branch or tag whose pipeline runs." example:"main"`
	Task      environments.Line   `yaml:"task" doc:"Display name of an agentless task, in place of a pipeline: it waits in the run that built the release, and is completed with the outcome." example:"wait for dev"`
	Variables map[inputName]input `yaml:"variables" doc:"Template parameters of the run. Filled in as for GitHub's inputs." example:"{environment: \"{environment}\"}"`
}

type giteaFile struct {
	URL        environments.WebURL `yaml:"url" jsonschema:"required" doc:"Where the forge's pages begin." example:"https://git.example.com"`
	Repository slug                `yaml:"repository" jsonschema:"required" doc:"The repository, as OWNER/NAME." example:"acme/shop"`
	Workflow   workflow            `yaml:"workflow" jsonschema:"required" doc:"File of the workflow to dispatch." example:"acceptance.yml"`
	Ref        refName             `yaml:"ref" default:"main" doc:"Branch or tag whose workflow runs." example:"main"`
	Inputs     map[inputName]input `yaml:"inputs" doc:"Inputs of the workflow. Filled in as for GitHub's." example:"{environment: \"{environment}\"}"`
}

type outgoingFile struct {
	URL     environments.WebURL `yaml:"url" jsonschema:"required" doc:"Where the message is posted." example:"https://ci.example.com/ferry"`
	Signing []secretFile        `yaml:"signing" jsonschema:"required" doc:"Keys that sign it, as whsec_ and base64, or as they are. Two while one replaces the other." example:"[{file: /etc/ferry/outgoing}]"`
}

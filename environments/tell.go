package environments

// tellFile says whom ferry tells of an app's way beside those who are asked.
type tellFile struct {
	SourcePullRequest bool `yaml:"sourcePullRequest" doc:"Keep one comment on the merged pull request of a release's source commit: how far the change has come. Only where the source lies on the forge of this repository." example:"true"`
}

package diff

var imageRules = []Rule{
	{
		ID: "image-downgrade", Level: High, Title: "Image downgrade",
		Why: "An older program meets data and neighbours of the newer one.",
		Good: Example{
			Old: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: "acme/a:1.9.0"}]}}`,
			New: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: "acme/a:1.10.0"}]}}`,
		},
		Bad: Example{
			Old: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: "acme/a:1.10.0"}]}}`,
			New: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: "acme/a:1.9.0"}]}}`,
		},
		find: func(s *scene) []spot {
			return s.imageSpots(func(i imageStep) string {
				if i.direction != Downgrade {
					return ""
				}
				return "from " + i.from.Tag + " back to " + i.to.Tag
			})
		},
	},
	{
		ID: "image-unpinned", Level: Medium, Title: "Image no longer pinned",
		Why:  "Without a digest nobody can say what will run.",
		Good: Example{New: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: "acme/a:1.0.0"}]}}`},
		Bad:  Example{New: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: "acme/a:latest"}]}}`},
		find: func(s *scene) []spot { return s.imageSpots(unpinnedReason) },
	},
	{
		ID: "image-changed-behind-tag", Level: Medium, Title: "Other image under the same tag",
		Why: "The tag was moved: what the version says is not what was tested under it.",
		Good: Example{
			Old: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: "acme/a:1@sha256:aa"}]}}`,
			New: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: "acme/a:2@sha256:bb"}]}}`,
		},
		Bad: Example{
			Old: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: "acme/a:1@sha256:aa"}]}}`,
			New: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: "acme/a:1@sha256:bb"}]}}`,
		},
		find: func(s *scene) []spot {
			return s.imageSpots(func(i imageStep) string {
				if i.direction != Same || i.to.Tag == "" {
					return ""
				}
				return "tag " + i.to.Tag + " now means another digest"
			})
		},
	},
}

// toldRules are about what manifests do not show; the caller states the facts.
var toldRules = []Rule{
	{
		ID: "environment-skipped", Level: High, Title: "Environment skipped",
		Why: "The release comes here without having run where it should have run before.",
	},
	{
		ID: "policy", Level: High, Title: "Policy violated",
		Why: "A policy of the platform says no.",
	},
	{
		ID: "schema", Level: Medium, Title: "Schema violated",
		Why: "The manifest does not fit the schema of its kind; the cluster may refuse it or ignore a part.",
	},
	{
		ID: "unreadable", Level: High, Title: "Cannot be read",
		Why:  "A side is no valid YAML, so nothing can be said about what changes.",
		Good: Example{Old: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: "1"}}`, New: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: "2"}}`},
		Bad:  Example{Old: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: "1"}}`, New: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: "2"`},
		find: func(s *scene) []spot {
			if !s.unreadable {
				return nil
			}
			return []spot{{"", "is no valid YAML, so its other risks are unknown"}}
		},
	},
}

func (s *scene) imageSpots(judge func(imageStep) string) []spot {
	var found []spot
	for _, step := range s.images {
		if step.to == nil {
			continue
		}
		if reason := judge(step); reason != "" {
			found = append(found, spot{step.path, reason})
		}
	}
	return found
}

func unpinnedReason(i imageStep) string {
	switch {
	case i.to.Digest != "":
		return ""
	case i.from != nil && i.from.Digest != "":
		return "loses its digest"
	case i.to.Tag == "" || i.to.Tag == "latest":
		return "has neither a digest nor a version"
	}
	return ""
}

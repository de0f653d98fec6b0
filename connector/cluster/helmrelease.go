package cluster

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/ferry-cd/ferry/connector"
)

// Conditions of a HelmRelease beside the common ones.
const testsCondition = "TestSuccess"

// HelmRelease reads one of Flux, of API version v2 and the last beta before it. Its revisions are versions of its chart.
func HelmRelease(o *unstructured.Unstructured) connector.Unit {
	v := value{o.Object}
	u := fluxUnit(o)
	u.Checks = waits(v)
	if u.Checks {
		u.Healthy = u.Ready // Helm waits for what it applied before the release is ready
	}
	u.Tests = tests(v)
	u.Origins = []connector.Origin{chartOrigin(v, o.GetNamespace())}
	u.Resources, u.Omitted = inventory(v.at("status", "inventory", "entries"))
	u.Changed = latest(u.Changed, u.Tests.Since)
	return u
}

// waits tells whether Helm was told to wait in the action that ran last, or will.
func waits(v value) bool {
	action := "install"
	if len(v.at("status", "history").list()) > 1 || v.at("status", "lastAttemptedReleaseAction").name() == "upgrade" {
		action = "upgrade"
	}
	return !v.at("spec", action, "disableWait").flag()
}

// tests reads what enabled tests said. Flux announces success before they ran, so that nothing said is not yet known; where
// their failures are ignored, having run is enough.
func tests(v value) connector.Condition {
	if !v.at("spec", "test", "enable").flag() {
		return connector.Condition{}
	}
	c := condition(v, testsCondition)
	if c.State == "" {
		return connector.Condition{State: connector.Unclear, Reason: "AwaitingTests"}
	}
	if c.State == connector.False && v.at("spec", "test", "ignoreFailures").flag() {
		c.State = connector.True
	}
	return c
}

// chartOrigin reads where the chart comes from: a source that makes it, or one that holds it.
func chartOrigin(v value, namespace string) connector.Origin {
	o := connector.Origin{Attempted: revision("HelmChart", v.at("status", "lastAttemptedRevision").name())}
	if ref := v.at("spec", "chartRef"); ref.exists() {
		o.Source = sourceRef(ref, namespace)
	} else {
		chart := v.at("spec", "chart", "spec")
		o.Source = sourceRef(chart.at("sourceRef"), namespace)
		if o.Source.Kind == "HelmRepository" {
			o.Chart = chart.at("chart").name()
		} else {
			o.Path = chart.at("chart").name()
		}
	}
	for _, r := range v.at("status", "history").list() {
		if s := r.at("status").name(); s == "deployed" || s == "superseded" {
			o.Applied = revision("HelmChart", r.at("chartVersion").name())
			break
		}
	}
	if o.Applied.IsZero() { // before the history came, in v2beta1
		o.Applied = revision("HelmChart", v.at("status", "lastAppliedRevision").name())
	}
	return o
}

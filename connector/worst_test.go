package connector

import "testing"

func TestWorst(t *testing.T) {
	web := Resource{Group: "apps", Kind: "Deployment", Namespace: "shop", Name: "web"}
	with := func(r Resource, health, message string) Resource {
		r.Health, r.Message = health, message
		return r
	}
	job := Resource{Group: "batch", Kind: "Job", Namespace: "shop", Name: "migrate"}
	for _, c := range []struct {
		unit Unit
		want string
	}{
		{Unit{Resources: []Resource{with(job, "Progressing", ""), with(web, "Degraded", "ImagePullBackOff")}}, "Deployment web: ImagePullBackOff"},
		{Unit{Resources: []Resource{with(web, "Degraded", ""), with(job, "SyncFailed", "field is immutable")}}, "Job migrate: field is immutable"},
		{Unit{Resources: []Resource{with(web, "Healthy", "fine"), with(job, "Splendid", "x")}}, ""},
		{Unit{Resources: []Resource{web}, Ready: Condition{State: False, Reason: "HealthCheckFailed", Message: "timeout waiting for: [Deployment/shop/web status: 'InProgress']"}}, "Deployment web: HealthCheckFailed"},
		{Unit{Resources: []Resource{web}, Ready: Condition{State: False, Reason: "HealthCheckFailed", Message: "timeout waiting for: [Deployment/shop/web-two status: 'InProgress']"}}, "HealthCheckFailed: timeout waiting for: [Deployment/shop/web-two status: 'InProgress']"},
		{Unit{Ready: Condition{State: False, Reason: "BuildFailed", Message: "no such file\nat all"}}, "BuildFailed: no such file"},
		{Unit{Ready: Condition{State: False, Reason: "BuildFailed"}}, "BuildFailed"},
		{Unit{Ready: Condition{State: True}, Stalled: Condition{State: True, Reason: "AccessDenied", Message: "no"}}, "AccessDenied: no"},
		{Unit{Ready: Condition{State: True}}, ""},
	} {
		if got := c.unit.Worst(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.unit, got, c.want)
		}
	}
}

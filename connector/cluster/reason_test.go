package cluster

import (
	"strings"
	"testing"

	"github.com/fluxcd/pkg/apis/meta"

	"github.com/ferry-cd/ferry/connector"
)

// Every reason of Flux's own list has its meaning, and what nobody has heard of has none: no success, no failure.
func TestReasons(t *testing.T) {
	for reason, want := range map[string]connector.Meaning{
		meta.SucceededReason: connector.Done, meta.FailedReason: connector.Retrying,
		meta.ProgressingReason: connector.Working, meta.ProgressingWithRetryReason: connector.Retrying,
		meta.SuspendedReason: connector.Waiting, meta.DependencyNotReadyReason: connector.Waiting,
		meta.InvalidPathReason: connector.Broken, meta.InvalidURLReason: connector.Broken,
		meta.PruneFailedReason: connector.Retrying, meta.ArtifactFailedReason: connector.Retrying, meta.BuildFailedReason: connector.Retrying,
		meta.HealthCheckFailedReason: connector.Retrying, meta.HealthCheckCanceledReason: connector.Overtaken,
		meta.ReconciliationSucceededReason: connector.Done, meta.ReconciliationFailedReason: connector.Retrying,
		meta.InvalidCELExpressionReason: connector.Broken, meta.FeatureGateDisabledReason: connector.Broken, "AccessDenied": connector.Broken,
		// HelmRelease: what was rolled back is no success.
		"InstallSucceeded": connector.Done, "UpgradeSucceeded": connector.Done, "TestSucceeded": connector.Done,
		"RollbackSucceeded": connector.Retrying, "UninstallSucceeded": connector.Retrying, "RetriesExceeded": connector.Broken, "AwaitingTests": connector.Working,
		// Argo CD.
		"Running": connector.Working, "Terminating": connector.Working, "Error": connector.Retrying, "OutOfSync": connector.Waiting,
		"Healthy": connector.Done, "Degraded": connector.Retrying, "Missing": connector.Retrying, "InvalidSpecError": connector.Broken,
		// Nobody's.
		"": connector.Unheard, "Unknown": connector.Unheard, "succeeded": connector.Unheard, "SplendidlyDone": connector.Unheard,
	} {
		if got := connector.Means(reason); got != want {
			t.Errorf("%q means %q, want %q", reason, got, want)
		}
		if strings.Contains(reason, "Fail") && connector.Means(reason) == connector.Done {
			t.Errorf("%q is taken as a success", reason)
		}
	}
}

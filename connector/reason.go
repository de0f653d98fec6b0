package connector

// Meaning is what an engine's reason says about how a unit goes on.
type Meaning string

// The meanings. One that is not in the table is Unheard: it never makes a success, and by itself no failure.
const (
	Unheard   Meaning = ""          // a word that is not known here
	Working   Meaning = "working"   // the engine is at it
	Waiting   Meaning = "waiting"   // for another unit, a person, or a source
	Done      Meaning = "done"      // applied, as far as this condition goes
	Retrying  Meaning = "retrying"  // it went wrong, and the engine tries again by itself
	Broken    Meaning = "broken"    // it went wrong, and stays so until somebody changes something
	Overtaken Meaning = "overtaken" // given up because something newer came
)

// Means looks up a reason of a condition of Flux, or a type of error, phase, health or sync state of Argo CD.
func Means(reason string) Meaning { return meanings[reason] }

// meanings has the reasons that Flux's controllers give (github.com/fluxcd/pkg/apis/meta, and the API packages of
// kustomize-, helm- and source-controller) and the words of Argo CD's Application.
var meanings = map[string]Meaning{
	// Flux, any object.
	"Progressing":          Working,
	"ProgressingWithRetry": Retrying,
	"Suspended":            Waiting, // also Argo CD's health: it waits for a person
	"DependencyNotReady":   Waiting,
	"Succeeded":            Done,
	"Failed":               Retrying, // also a phase of Argo CD
	"AccessDenied":         Broken,
	"InvalidURL":           Broken,
	"InvalidPath":          Broken,
	"FeatureGateDisabled":  Broken,
	"InvalidCELExpression": Broken,

	// Kustomization.
	"ReconciliationSucceeded": Done,
	"ReconciliationFailed":    Retrying,
	"ArtifactFailed":          Retrying,
	"BuildFailed":             Retrying,
	"PruneFailed":             Retrying,
	"HealthCheckFailed":       Retrying,
	"HealthCheckCanceled":     Overtaken,

	// HelmRelease.
	"InstallSucceeded":      Done,
	"UpgradeSucceeded":      Done,
	"TestSucceeded":         Done,
	"RollbackSucceeded":     Retrying, // what was wanted did not come, what was there before is back
	"UninstallSucceeded":    Retrying,
	"InstallFailed":         Retrying,
	"UpgradeFailed":         Retrying,
	"TestFailed":            Retrying,
	"RollbackFailed":        Retrying,
	"UninstallFailed":       Retrying,
	"RetriesExceeded":       Broken,
	"MissingRollbackTarget": Broken,
	"DriftDetected":         Working,
	"NoDriftDetected":       Done,
	"AwaitingTests":         Working,
	"InventoryBuildFailed":  Retrying,

	// Sources.
	"NewArtifact":                     Working,
	"ArtifactUpToDate":                Done,
	"ChartPullSucceeded":              Done,
	"ChartPackageSucceeded":           Done,
	"GitOperationSucceeded":           Done,
	"BucketOperationSucceeded":        Done,
	"NoArtifact":                      Waiting,
	"SourceUnavailable":               Waiting,
	"SourceNotFound":                  Waiting,
	"IncludeUnavailable":              Waiting,
	"GitOperationFailed":              Retrying,
	"BucketOperationFailed":           Retrying,
	"OCIArtifactPullFailed":           Retrying,
	"OCIArtifactLayerOperationFailed": Retrying,
	"AuthenticationFailed":            Retrying,
	"VerificationError":               Retrying,
	"IndexationFailed":                Retrying,
	"DirectoryCreationFailed":         Retrying,
	"StatOperationFailed":             Retrying,
	"ReadOperationFailed":             Retrying,
	"AcquireLockFailed":               Retrying,
	"ArchiveOperationFailed":          Retrying,
	"SymlinkUpdateFailed":             Retrying,
	"CacheOperationFailed":            Retrying,
	"PatchOperationFailed":            Retrying,
	"URLInvalid":                      Broken,
	"InvalidSTSConfiguration":         Broken,
	"InvalidProviderConfiguration":    Broken,

	// Argo CD: phases of an operation, and being asked for one.
	"Running":            Working,
	"Terminating":        Working,
	"OperationRequested": Working,
	"RefreshRequested":   Working,
	"Hydrating":          Working,
	"Hydrated":           Done,
	"Error":              Retrying,

	// Argo CD: health and sync state.
	"Healthy":   Done,
	"Synced":    Done,
	"Degraded":  Retrying,
	"Missing":   Retrying,
	"OutOfSync": Waiting,

	// Argo CD: errors. A comparison fails while the repository cannot be read, too.
	"ComparisonError":  Retrying,
	"SyncError":        Retrying,
	"DeletionError":    Retrying,
	"UnknownError":     Retrying,
	"InvalidSpecError": Broken,
}

package chartutil

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/Masterminds/semver/v3"
	kubernetes "k8s.io/apimachinery/pkg/util/version"

	"github.com/ferry-cd/ferry/render/helm/chartutil/version"
)

// Capabilities are what templates may ask of a cluster, and of Helm.
type Capabilities struct {
	KubeVersion KubeVersion
	APIVersions VersionSet
	HelmVersion version.BuildInfo
}

// Offline are the capabilities of a cluster that nobody talks to: what Helm takes for granted, and more API versions.
func Offline(v KubeVersion, apis []string) *Capabilities {
	return &Capabilities{KubeVersion: v, APIVersions: append(DefaultVersionSet(), apis...), HelmVersion: version.Get()}
}

// Copy gives another one that says the same.
func (c *Capabilities) Copy() *Capabilities {
	own := *c
	own.APIVersions = slices.Clone(c.APIVersions)
	return &own
}

// KubeVersion is a version of Kubernetes, as in v1.34.2, 1 and 34.
type KubeVersion struct {
	Version string
	Major   string
	Minor   string
}

// String is the version.
func (v *KubeVersion) String() string { return v.Version }

// GitVersion is the version under the name that it had.
func (v *KubeVersion) GitVersion() string { return v.Version }

// ParseKubeVersion takes what makers of clusters call a version, and keeps its numbers.
func ParseKubeVersion(s string) (*KubeVersion, error) {
	v, err := kubernetes.ParseGeneric(s)
	if err != nil {
		return nil, err
	}
	return &KubeVersion{"v" + v.String(), strconv.FormatUint(uint64(v.Major()), 10), strconv.FormatUint(uint64(v.Minor()), 10)}, nil
}

// IsCompatibleRange tells whether a version is in a range such as ">=1.25.0-0"; neither is one that cannot be read.
func IsCompatibleRange(constraint, of string) bool {
	v, err := semver.NewVersion(of)
	if err != nil {
		return false
	}
	c, err := semver.NewConstraint(constraint)
	return err == nil && c.Check(v)
}

// ValidateReleaseName refuses what Helm takes for no name of a release.
func ValidateReleaseName(name string) error {
	switch {
	case name == "":
		return errors.New("no name provided")
	case len(name) > longestName || !releaseName().MatchString(name):
		return fmt.Errorf("invalid release name, must match regex %s and the length must not be longer than %d", releaseName(), longestName)
	}
	return nil
}

const longestName = 53

var releaseName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
})

// VersionSet are API versions, as in apps/v1, some also with a kind, as in apps/v1/Deployment.
type VersionSet []string

// Has tells whether a version is one of them.
func (s VersionSet) Has(version string) bool { return slices.Contains(s, version) }

// DefaultVersionSet are the API versions that Helm takes for granted when it talks to no cluster: those of the types in its
// libraries. A test compares them with Helm's own.
func DefaultVersionSet() VersionSet { return strings.Fields(defaultVersions) }

const defaultVersions = `
v1 admissionregistration.k8s.io/v1 admissionregistration.k8s.io/v1alpha1 admissionregistration.k8s.io/v1beta1
internal.apiserver.k8s.io/v1alpha1 apps/v1 apps/v1beta1 apps/v1beta2 authentication.k8s.io/v1
authentication.k8s.io/v1alpha1 authentication.k8s.io/v1beta1 authorization.k8s.io/v1
authorization.k8s.io/v1beta1 autoscaling/v1 autoscaling/v2 batch/v1 batch/v1beta1 certificates.k8s.io/v1
certificates.k8s.io/v1beta1 certificates.k8s.io/v1alpha1 coordination.k8s.io/v1alpha2
coordination.k8s.io/v1beta1 coordination.k8s.io/v1 discovery.k8s.io/v1 discovery.k8s.io/v1beta1
events.k8s.io/v1 events.k8s.io/v1beta1 extensions/v1beta1 flowcontrol.apiserver.k8s.io/v1
flowcontrol.apiserver.k8s.io/v1beta1 flowcontrol.apiserver.k8s.io/v1beta2 flowcontrol.apiserver.k8s.io/v1beta3
lifecycle.k8s.io/v1alpha1 networking.k8s.io/v1 networking.k8s.io/v1beta1 node.k8s.io/v1 node.k8s.io/v1alpha1
node.k8s.io/v1beta1 policy/v1 policy/v1beta1 rbac.authorization.k8s.io/v1 rbac.authorization.k8s.io/v1beta1
rbac.authorization.k8s.io/v1alpha1 resource.k8s.io/v1 resource.k8s.io/v1beta2 resource.k8s.io/v1beta1
resource.k8s.io/v1alpha3 scheduling.k8s.io/v1alpha3 scheduling.k8s.io/v1beta1 scheduling.k8s.io/v1
storage.k8s.io/v1beta1 storage.k8s.io/v1 storage.k8s.io/v1alpha1 storagemigration.k8s.io/v1
storagemigration.k8s.io/v1beta1 apiextensions.k8s.io/v1beta1 apiextensions.k8s.io/v1
`

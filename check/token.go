package check

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// form is what a kind of credential looks like. mark is a part that all of them have, and least how many bytes: these are
// looked at first, for that is cheap.
type form struct {
	name  string
	mark  string
	least int
	match func() *regexp.Regexp
	rule  Rule
	level Level
}

// pattern is compiled when it is first needed: most manifests need none, and every start of the program would pay.
func pattern(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}

// Only forms that nothing else has: a finding that is wrong once is never read again.
var forms = []form{
	{"a private key", "PRIVATE KEY", 52, pattern(`-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:.{0,80}(?:\s|\\n|\\r)+){1,8}?[A-Za-z0-9+/=]{24}`), PrivateKey, Error},
	{"a private key", "AGE-SECRET-KEY-1", 74, pattern(`AGE-SECRET-KEY-1[0-9A-Z]{58}`), PrivateKey, Error},
	{"a private key in base64", "LS0tLS1CRUdJTi", 29, pattern(`LS0tLS1CRUdJTi(?:BQUklWQVRFIEtFW|BSU0EgUFJJVkFURSBLRV|BFQyBQUklWQVRFIEtFW|BPUEVOU1NIIFBSSVZBVEUgS0VZ|BFTkNSWVBURUQgUFJJVkFURSBLRV)`), PrivateKey, Error},
	{"an AWS secret access key", "aws_secret_access_key", 62, awsSetting, Token, Error},
	{"an AWS secret access key", "AWS_SECRET_ACCESS_KEY", 62, awsSetting, Token, Error},
	{"an AWS access key id", "AKIA", 20, pattern(`(?:^|[^A-Za-z0-9])AKIA[A-Z2-7]{16}(?:[^A-Za-z0-9]|$)`), Token, Warning},
	{"a GitHub token", "gh", 40, pattern(`(?:^|[^A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{36,251}(?:[^A-Za-z0-9]|$)`), Token, Error},
	{"a GitHub token", "github_pat_", 93, pattern(`github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}`), Token, Error},
	{"a GitLab token", "glpat-", 26, pattern(`glpat-[A-Za-z0-9_-]{20,}`), Token, Error},
	{"a Slack token", "xox", 30, pattern(`xox[abeoprs]-[0-9]{8,}-[A-Za-z0-9-]{16,}`), Token, Error},
	{"a Slack webhook", "hooks.slack.com", 61, pattern(`https://hooks\.slack\.com/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{20,}`), Token, Error},
	{"a Google API key", "AIza", 39, pattern(`(?:^|[^A-Za-z0-9_-])AIza[A-Za-z0-9_-]{35}(?:[^A-Za-z0-9_-]|$)`), Token, Error},
	{"an Azure storage key", "AccountKey=", 99, pattern(`AccountKey=[A-Za-z0-9+/]{86}==`), Token, Error},
	{"a Stripe key", "k_live_", 32, pattern(`[sr]k_live_[A-Za-z0-9]{24,}`), Token, Error},
	{"an npm token", "npm_", 40, pattern(`(?:^|[^A-Za-z0-9])npm_[A-Za-z0-9]{36}(?:[^A-Za-z0-9]|$)`), Token, Error},
	{"a Docker Hub token", "dckr_pat_", 36, pattern(`dckr_pat_[A-Za-z0-9_-]{27,}`), Token, Error},
	{"a SendGrid key", "SG.", 69, pattern(`SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}`), Token, Error},
	{"a Vault token", "hvs.", 28, pattern(`(?:^|[^A-Za-z0-9])hvs\.[A-Za-z0-9_-]{24,}`), Token, Error},
	{"a JSON web token", "eyJ", 48, pattern(`(?:^|[^A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}`), Token, Warning},
	{"a URL with a password", "://", 12, pattern(`[A-Za-z][A-Za-z0-9+.-]{1,20}://[^/\s:@"'$<{]{1,64}:[^/\s:@"'$<{*]{3,128}@[A-Za-z0-9\[]`), Token, Warning},
}

// awsSetting is a line of a configuration file or script.
var awsSetting = pattern(`(?i)aws_secret_access_key["']?\s*[:=]\s*["']?[A-Za-z0-9/+]{40}(?:[^A-Za-z0-9/+=]|$)`)

// awsSecret is the value of a field that says what it is.
var awsSecret = form{"an AWS secret access key", "", 40, pattern(`^[A-Za-z0-9/+]{40}$`), Token, Error}

const tokenHint = "move it to a Secret that the cluster fetches or decrypts, and read it from there; then replace the credential, for it may have been seen"

// text searches a string. Examples that vendors print in their manuals pass.
func (s *searcher) text(value string, at *way, key string) {
	for i := range forms {
		if f := &forms[i]; len(value) >= f.least && strings.Contains(value, f.mark) && hasReal(f.match(), value) {
			s.credential(f, at)
		}
	}
	if len(value) != awsSecret.least {
		return
	}
	name := strings.ToLower(strings.ReplaceAll(at.String()+"."+key, "_", ""))
	if strings.Contains(name, "awssecretaccesskey") && awsSecret.match().MatchString(value) {
		s.credential(&awsSecret, at)
	}
}

func hasReal(form *regexp.Regexp, value string) bool {
	for _, match := range form.FindAllString(value, 20) {
		if !strings.Contains(strings.ToUpper(match), "EXAMPLE") {
			return true
		}
	}
	return false
}

func (s *searcher) credential(f *form, at *way) {
	level := f.level
	if s.allow {
		level = Warning
	}
	s.findings = append(s.findings, Finding{Rule: f.rule, Level: level, Field: at.String(), Message: fmt.Sprintf("holds what looks like %s", f.name), Hint: tokenHint})
}

// binaryData searches what a ConfigMap holds in base64.
func (s *searcher) binaryData(n *yaml.Node, at *way) {
	if n.Kind != yaml.MappingNode {
		s.value(n, at, "")
		return
	}
	for i := 0; i < len(n.Content); i += 2 {
		below := &way{above: at, key: n.Content[i].Value}
		data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(n.Content[i+1].Value), ""))
		if err != nil {
			s.value(n.Content[i+1], below, "")
			continue
		}
		s.text(string(data), below, "")
	}
}

package registry

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/ferry-cd/ferry/door"
)

// KeyOptions say where credentials are looked for.
type KeyOptions struct {
	Getenv   func(string) string
	ReadFile func(string) ([]byte, error)
	Helper   Helper           // nil = no program may be started
	Now      func() time.Time // for how long an answer of a helper is used
}

// LoadKeys reads the credentials that docker and podman keep, the first of: the JSON in DOCKER_AUTH_CONFIG (as GitLab has
// it), config.json in DOCKER_CONFIG, REGISTRY_AUTH_FILE, .docker/config.json at home, containers/auth.json in
// XDG_RUNTIME_DIR and XDG_CONFIG_HOME. A job of GitLab CI has its own credentials for its own registry beside them.
func LoadKeys(o KeyOptions) (*Keys, error) {
	k := &Keys{logins: map[string]Login{}, helpers: map[string]string{}, helper: o.Helper, now: o.Now, asked: map[string]told{}}
	k.ofJob(o.Getenv)
	if text := o.Getenv("DOCKER_AUTH_CONFIG"); text != "" {
		return k, k.read("DOCKER_AUTH_CONFIG", []byte(text))
	}
	for _, f := range keyFiles(o.Getenv) {
		data, err := o.ReadFile(f.path)
		if errors.Is(err, fs.ErrNotExist) && !f.must {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the credentials for registries: %w", err)
		}
		return k, k.read(f.path, data)
	}
	return k, nil
}

// ofJob takes what GitLab gives a job for its own registry.
func (k *Keys) ofJob(getenv func(string) string) {
	host, user, password := getenv("CI_REGISTRY"), getenv("CI_REGISTRY_USER"), getenv("CI_REGISTRY_PASSWORD")
	if getenv("GITLAB_CI") == "true" && host != "" && user != "" && password != "" {
		k.logins[canonical(host)] = Login{Username: user, Password: door.NewToken(password)}
	}
}

type keyFile struct {
	path string
	must bool // it was named, so it has to be there
}

func keyFiles(getenv func(string) string) []keyFile {
	var all []keyFile
	add := func(must bool, dir string, more ...string) {
		if dir != "" {
			all = append(all, keyFile{filepath.Join(append([]string{dir}, more...)...), must})
		}
	}
	home := getenv("HOME")
	if home == "" {
		home = getenv("USERPROFILE")
	}
	add(false, getenv("DOCKER_CONFIG"), "config.json")
	add(true, getenv("REGISTRY_AUTH_FILE"))
	add(false, home, ".docker", "config.json")
	add(false, getenv("XDG_RUNTIME_DIR"), "containers", "auth.json")
	add(false, getenv("XDG_CONFIG_HOME"), "containers", "auth.json")
	if getenv("XDG_CONFIG_HOME") == "" {
		add(false, home, ".config", "containers", "auth.json")
	}
	return all
}

// configFile is what we read of the files that docker and podman write; what else they say is theirs.
type configFile struct {
	Auths map[string]struct {
		Auth          string `json:"auth"`
		Username      string `json:"username"`
		Password      string `json:"password"`
		IdentityToken string `json:"identitytoken"`
		RegistryToken string `json:"registrytoken"`
	} `json:"auths"`
	CredHelpers map[string]string `json:"credHelpers"`
	CredsStore  string            `json:"credsStore"`
}

// programForm is the end of a helper's name: what it is put together with must stay one program in the search path.
var programForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
})

// read adds what a file says. Its text is never repeated: it holds secrets.
func (k *Keys) read(name string, data []byte) error {
	var c configFile
	if err := json.Unmarshal(data, &c); err != nil {
		return &usageError{name + " is not the JSON that docker login writes"}
	}
	for server, a := range c.Auths {
		login := Login{Username: a.Username, Password: secret(a.Password), Identity: secret(a.IdentityToken), Token: secret(a.RegistryToken)}
		if a.Auth != "" {
			user, password, err := splitAuth(a.Auth)
			if err != nil {
				return &usageError{fmt.Sprintf("%s: the credentials of %s are not base64 of USER:PASSWORD", name, hostOf(server))}
			}
			login.Username, login.Password = user, door.NewToken(password)
		}
		if !login.anonymous() {
			k.logins[hostOf(server)] = login
		}
	}
	for server, program := range c.CredHelpers {
		if !programForm().MatchString(program) {
			return &usageError{fmt.Sprintf("%s: credHelpers: %q is not the end of a program's name", name, program)}
		}
		k.helpers[hostOf(server)] = program
	}
	if k.store = c.CredsStore; k.store != "" && !programForm().MatchString(k.store) {
		return &usageError{fmt.Sprintf("%s: credsStore: %q is not the end of a program's name", name, k.store)}
	}
	return nil
}

func secret(s string) door.Token {
	if s == "" {
		return door.Token{}
	}
	return door.NewToken(s)
}

func splitAuth(auth string) (user, password string, err error) {
	data, err := base64.StdEncoding.DecodeString(auth)
	if err != nil {
		return "", "", err
	}
	user, password, ok := strings.Cut(string(data), ":")
	if !ok {
		return "", "", errors.New("no colon")
	}
	return user, strings.TrimRight(password, "\x00"), nil
}

// hostOf reads the several forms in which files name a registry: host, host/repository, https://host/v1/.
func hostOf(server string) string {
	web := false
	for _, scheme := range []string{"https://", "http://"} {
		if rest, ok := strings.CutPrefix(server, scheme); ok {
			server, web = rest, true
		}
	}
	host, path, _ := strings.Cut(strings.TrimSuffix(server, "/"), "/")
	if web || path == "" || path == "v1" || path == "v2" {
		return canonical(host)
	}
	return canonical(host) + "/" + path
}

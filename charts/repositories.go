package charts

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/ferry-cd/ferry/door"
)

// Repositories is what `helm repo add` keeps of repositories: names, and what they want to know of us.
type Repositories []repository

type repository struct {
	Name     string `yaml:"name"`
	URL      string `yaml:"url"`
	Username string `yaml:"username"`
	Password string `yaml:"password"`
}

// ReadRepositories reads Helm's repositories.yaml. Its text is never repeated: it holds secrets.
func ReadRepositories(file string, data []byte) (Repositories, error) {
	var doc struct {
		Repositories Repositories `yaml:"repositories"`
	}
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("%s is not the YAML that helm repo add writes", file)
	}
	return doc.Repositories, nil
}

// Login gives user and password for an address.
func (r Repositories) Login(address string) (user string, password door.Token) {
	for _, one := range r {
		if strings.TrimSuffix(one.URL, "/") == strings.TrimSuffix(address, "/") && one.Username != "" {
			return one.Username, door.NewToken(one.Password)
		}
	}
	return "", door.Token{}
}

// Address gives the address behind a name, "" where there is none.
func (r Repositories) Address(name string) string {
	for _, one := range r {
		if one.Name == name {
			return one.URL
		}
	}
	return ""
}

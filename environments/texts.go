package environments

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"text/template/parse"
)

var (
	nameRegexp = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(namePattern)
	})
	placeholder = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`\{([^{}]*)\}`)
	})
)

// placeholders are what stands in paths and names for the thing at hand.
var placeholders = []string{"app", "environment", "group", "team"}

// checkTemplated checks placeholders and then, each replaced by a harmless name, the text itself.
func checkTemplated(check func(string) error, allowed ...string) func(string) error {
	if allowed == nil {
		allowed = placeholders
	}
	return func(s string) error {
		for _, found := range placeholder().FindAllStringSubmatch(s, -1) {
			if !slices.Contains(allowed, found[1]) {
				return &unknownPlaceholder{found[1], allowed}
			}
		}
		plain := placeholder().ReplaceAllString(s, "x")
		if strings.ContainsAny(plain, "{}") {
			return errors.New("a brace is left open; placeholders are written {app}")
		}
		if check == nil {
			return nil
		}
		return check(plain)
	}
}

type unknownPlaceholder struct {
	name    string
	allowed []string
}

func (e *unknownPlaceholder) Error() string {
	return fmt.Sprintf("{%s} is not a placeholder; there are {%s}", quote(e.name), strings.Join(e.allowed, "}, {"))
}

func (e *unknownPlaceholder) Hint() string { return didYouMean(e.name, e.allowed) }

func checkName(s string) error {
	if !nameRegexp().MatchString(s) {
		return errors.New("it has lower-case letters, digits and dashes, at most 63")
	}
	return nil
}

// checkPath wants a clean path that stays inside its repository.
func checkPath(s string) error {
	switch {
	case strings.HasPrefix(s, "/"):
		return errors.New("it starts at the repository's root, without a slash")
	case strings.Contains(s, `\`):
		return errors.New("folders are separated by slashes")
	case s == ".." || strings.HasPrefix(s, "../") || strings.Contains(s, "/../") || strings.HasSuffix(s, "/.."):
		return errors.New("it leaves the repository")
	case !clean(s) || hasControl(s):
		return fmt.Errorf("it is not clean; write %q", strings.TrimPrefix(path.Clean("/"+s), "/"))
	case strings.EqualFold(strings.SplitN(s, "/", 2)[0], ".git"):
		return errors.New("it lies in .git")
	}
	return nil
}

// checkFolder wants a folder that engines may be pointed at.
func checkFolder(s string) error {
	if s == "." {
		return errors.New("it is the root of the repository")
	}
	if err := checkPath(s); err != nil {
		return err
	}
	if first := strings.ToLower(strings.SplitN(s, "/", 2)[0]); first == ".github" || first == ".ferry" {
		return fmt.Errorf("it lies in %s, which is not for manifests", first)
	}
	return nil
}

func checkGlob(s string) error {
	if _, err := path.Match(s, ""); err != nil {
		return errors.New("a bracket is left open")
	}
	if err := checkPath(s); err != nil {
		return err
	}
	if !strings.HasSuffix(s, ".yaml") && !strings.HasSuffix(s, ".yml") {
		return errors.New("it must end in .yaml or .yml")
	}
	return nil
}

var badRef = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`[\x00-\x20\x7f~^:?*\[\\]|\.\.|//|@\{|^[-/.]|/\.|[/.]$|\.lock(/|$)`)
})

func checkRef(s string) error {
	if badRef().MatchString(s) || s == "@" || strings.HasPrefix(s, "refs/") {
		return errors.New("Git has no such branch names; write it without refs/heads/")
	}
	if s == "HEAD" || strings.HasPrefix(s, "ferry/") || s == "ferry-sources" || s == "ferry-state" {
		return errors.New("this branch is ferry's own")
	}
	return nil
}

// credentials are what stands before the host of a URL, where it is more than the user name that SSH needs.
var credentials = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)(https?://|[a-z][-+.a-z0-9]*://[^/@\s]*:)[^/@\s]*@`)
})

func checkRepository(s string) error {
	if hasControl(s) || strings.HasPrefix(s, "-") || strings.TrimSpace(s) != s {
		return errors.New("it is not a Git URL")
	}
	if credentials().MatchString(s) {
		return errors.New("it carries a credential, which has no place in Git")
	}
	return nil
}

func checkImage(s string) error {
	if strings.Contains(s, "@") {
		return errors.New("the digest belongs to the release")
	}
	if i := strings.LastIndex(s, ":"); i > strings.LastIndex(s, "/") {
		return errors.New("the tag belongs to the release")
	}
	if strings.ToLower(s) != s {
		return errors.New("image names are lower case")
	}
	return nil
}

func checkTemplate(s string) error {
	tree := parse.New("value")
	tree.Mode = parse.SkipFuncCheck
	if _, err := tree.Parse(s, "", "", map[string]*parse.Tree{}); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "template: value:1: "))
	}
	return nil
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

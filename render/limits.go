package render

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// Limits bound one render. They are no input of it: a render that ends within them is the same within any others. What is
// left out, zero, is as the renderer has it built in.
type Limits struct {
	Time      time.Duration
	Memory    int // bytes that templates may make, printed or not; one value, and all output, are parts of it
	Documents int
	File      int // bytes of one file that is read
	Depth     int // levels of a value, and of templates that call each other
	Aliases   int // bytes that aliases of YAML may add to the files of a kustomization
}

// BuiltIn are the limits of a render where nobody says otherwise.
var BuiltIn = Limits{Time: 30 * time.Second, Memory: 256 << 20, Documents: 20_000, File: 16 << 20, Depth: 500, Aliases: maxAliased}

// Or fills what is left out.
func (l Limits) Or(other Limits) Limits {
	return Limits{cmp.Or(l.Time, other.Time), cmp.Or(l.Memory, other.Memory), cmp.Or(l.Documents, other.Documents),
		cmp.Or(l.File, other.File), cmp.Or(l.Depth, other.Depth), cmp.Or(l.Aliases, other.Aliases)}
}

// Below lowers what is above another one's limits. Where those say nothing, anything goes.
func (l Limits) Below(most Limits) Limits {
	least := func(a, b int) int {
		if b == 0 || a != 0 && a < b {
			return a
		}
		return b
	}
	return Limits{time.Duration(least(int(l.Time), int(most.Time))), least(l.Memory, most.Memory), least(l.Documents, most.Documents),
		least(l.File, most.File), least(l.Depth, most.Depth), least(l.Aliases, most.Aliases)}
}

// Limit is one of Limits, by its key in ferry.yaml.
type Limit string

// The limits by their keys.
const (
	TimeLimit      Limit = "time"
	MemoryLimit    Limit = "memory"
	DocumentsLimit Limit = "documents"
	FileLimit      Limit = "file"
	DepthLimit     Limit = "depth"
	AliasesLimit   Limit = "aliases"
)

// Hint says who may allow more.
func (l Limit) Hint() string {
	if l == "" {
		return ""
	}
	return fmt.Sprintf("limits.%s in ferry.yaml allows more, as far as --limits (FERRY_LIMITS) does", l)
}

// LimitError is a render that a limit ended.
type LimitError struct {
	What  string // with the place, where it is known
	Limit Limit  // "" for one that nobody can change
	Err   error  // why it was stopped, where it was not the limit itself
}

func (e *LimitError) Error() string {
	if e.Err != nil {
		return e.What + ": " + e.Err.Error()
	}
	return e.What
}

func (e *LimitError) Unwrap() error { return e.Err }

// Hint is the next step.
func (e *LimitError) Hint() string { return e.Limit.Hint() }

// CheckFile refuses a file that is too large to be read.
func (l Limits) CheckFile(name string, data []byte) error {
	if len(data) <= l.File {
		return nil
	}
	return &LimitError{What: fmt.Sprintf("%s: a file of more than %s", name, Size(l.File)), Limit: FileLimit}
}

// Size writes bytes for people.
func Size(n int) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}

// Within gives a context that ends when the time of a render is up.
func (l Limits) Within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, l.Time, &LimitError{What: fmt.Sprintf("rendering took longer than %s", l.Time), Limit: TimeLimit})
}

// Stopped says why a context of Within is over. The error is a *LimitError.
func Stopped(ctx context.Context) error {
	var limit *LimitError
	if errors.As(context.Cause(ctx), &limit) {
		return limit
	}
	return &LimitError{What: "rendering was stopped", Err: context.Cause(ctx)}
}

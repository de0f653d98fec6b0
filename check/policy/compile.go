package policy

import (
	"fmt"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/ext"
)

// world is what expressions may speak of. It is made when the first rule is asked for: most runs have none.
var world = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(
		cel.Variable("object", cel.DynType),
		cel.Variable("app", cel.StringType),
		cel.Variable("environment", cel.StringType),
		cel.OptionalTypes(),
		ext.Strings(),
	)
})

var compiled sync.Map // of outcomes, by expression: 300 apps ask for the same few

type outcome struct {
	program cel.Program
	err     error
}

func compile(expression string) (cel.Program, error) {
	if known, ok := compiled.Load(expression); ok {
		return known.(outcome).program, known.(outcome).err
	}
	var o outcome
	o.program, o.err = compileNew(expression)
	compiled.Store(expression, o)
	return o.program, o.err
}

func compileNew(expression string) (cel.Program, error) {
	env, err := world()
	if err != nil {
		return nil, err
	}
	ast, issues := env.Compile(expression)
	if issues.Err() != nil {
		return nil, mistakes(issues)
	}
	if t := ast.OutputType(); !t.IsExactType(types.BoolType) && !t.IsExactType(types.DynType) {
		return nil, &Mistake{Line: 1, Column: 1, Text: fmt.Sprintf("the rule gives %s, and must give true or false", t)}
	}
	return env.Program(ast, cel.CostLimit(maxCost), cel.InterruptCheckFrequency(every))
}

// Mistake is the first thing that is wrong with an expression.
type Mistake struct {
	Line, Column int // inside the expression, from 1
	Text         string
	More         int // mistakes besides
}

func (e *Mistake) Error() string {
	text := e.Text
	if e.More > 0 {
		text += fmt.Sprintf(" (and %d more)", e.More)
	}
	return text
}

// ExitCode is that of wrong configuration.
func (e *Mistake) ExitCode() int { return 2 }

// Check says what is wrong with an expression: nil, or a *Mistake.
func Check(expression string) error {
	_, err := compile(expression)
	return err
}

func mistakes(issues *cel.Issues) error {
	all := issues.Errors()
	first := all[0]
	text, _, _ := strings.Cut(first.Message, "\n")
	return &Mistake{Line: max(first.Location.Line(), 1), Column: max(first.Location.Column(), 0) + 1, Text: text, More: len(all) - 1}
}

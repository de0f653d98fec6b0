package template

import (
	"fmt"
	"text/template"
	"text/template/parse"
)

// nesting counts how much of the goroutine's stack templates take that are inside each other: text/template leaves that to
// the runtime, which ends the whole process where there is no more. Estimates will do, for what is allowed is far less than
// what there is.
type nesting struct{ used int }

// What one level takes of the stack, in bytes and at most; and what all levels may take.
const (
	frameBranch     = 256
	frameLoop       = 1 << 10
	frameExpression = 1 << 10
	frameInvocation = 512
	frameExecution  = 3 << 10 // with the function that a template called to execute another one
	maxNesting      = 128 << 20
)

// enter takes room for a template, or fails.
func (s *state) enter(t *Template, bytes int) {
	if s.set.nesting.used += bytes; s.set.nesting.used > maxNesting {
		panic(failure{template.ExecError{Name: t.name, Err: fmt.Errorf("template: %s: %q is inside too many other templates, or blocks of them", t.tree.ParseName, t.name)}})
	}
}

// leave gives it back.
func (s *state) leave(bytes int) { s.set.nesting.used -= bytes }

// height is the room that a list of statements takes where it is deepest, without the templates that it calls.
func height(l *parse.ListNode) int {
	most := 0
	if l != nil {
		for _, n := range l.Nodes {
			most = max(most, heightOf(n))
		}
	}
	return most
}

func heightOf(n parse.Node) int {
	switch n := n.(type) {
	case *parse.ActionNode:
		return heightOf(n.Pipe)
	case *parse.TemplateNode:
		return heightOf(n.Pipe)
	case *parse.IfNode:
		return frameBranch + heightOfBranch(&n.BranchNode)
	case *parse.WithNode:
		return frameBranch + heightOfBranch(&n.BranchNode)
	case *parse.RangeNode:
		return frameLoop + heightOfBranch(&n.BranchNode)
	case *parse.ChainNode:
		return frameExpression + heightOf(n.Node)
	case *parse.PipeNode:
		return heightOfPipe(n)
	}
	return 0
}

func heightOfBranch(b *parse.BranchNode) int {
	return max(heightOf(b.Pipe), height(b.List), height(b.ElseList))
}

func heightOfPipe(p *parse.PipeNode) int {
	if p == nil {
		return 0
	}
	most := 0
	for _, c := range p.Cmds {
		for _, arg := range c.Args {
			most = max(most, heightOf(arg))
		}
	}
	return frameExpression + most
}

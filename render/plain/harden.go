package plain

import (
	"fmt"
	"slices"
	"text/template/parse"
)

// Names of the functions that harden puts into templates.
const (
	boundedName = "_bounded"
	calledName  = "_called"
	printedName = "_printed"
)

// withheld are functions of Go's templates that have no place in a manifest.
var withheld = []string{"call", "html", "js", "urlquery"}

// harden puts a check into each place where a template could run for ever or print what is no text: what range goes over,
// what template is called with, and what an action prints.
func harden(tree *parse.Tree) error {
	return hardenList(tree, tree.Root)
}

func hardenList(tree *parse.Tree, l *parse.ListNode) error {
	if l == nil {
		return nil
	}
	for _, n := range l.Nodes {
		if err := hardenNode(tree, n); err != nil {
			return err
		}
	}
	return nil
}

func hardenNode(tree *parse.Tree, n parse.Node) error {
	switch n := n.(type) {
	case *parse.ActionNode:
		if len(n.Pipe.Decl) == 0 {
			pipeInto(n.Pipe, printedName)
		}
		return checkPipe(tree, n.Pipe)
	case *parse.IfNode:
		return hardenBranch(tree, &n.BranchNode)
	case *parse.WithNode:
		return hardenBranch(tree, &n.BranchNode)
	case *parse.RangeNode:
		pipeInto(n.Pipe, boundedName)
		return hardenBranch(tree, &n.BranchNode)
	case *parse.TemplateNode:
		if n.Pipe == nil {
			n.Pipe = &parse.PipeNode{NodeType: parse.NodePipe, Pos: n.Pos, Line: n.Line}
		}
		pipeInto(n.Pipe, calledName)
		return checkPipe(tree, n.Pipe)
	}
	return nil
}

func hardenBranch(tree *parse.Tree, b *parse.BranchNode) error {
	if err := checkPipe(tree, b.Pipe); err != nil {
		return err
	}
	if err := hardenList(tree, b.List); err != nil {
		return err
	}
	return hardenList(tree, b.ElseList)
}

// pipeInto adds a function at the end of a pipeline, once.
func pipeInto(p *parse.PipeNode, name string) {
	if len(p.Cmds) > 0 {
		if id, ok := p.Cmds[len(p.Cmds)-1].Args[0].(*parse.IdentifierNode); ok && id.Ident == name {
			return
		}
	}
	id := parse.NewIdentifier(name).SetPos(p.Pos)
	p.Cmds = append(p.Cmds, &parse.CommandNode{NodeType: parse.NodeCommand, Pos: p.Pos, Args: []parse.Node{id}})
}

// checkPipe refuses functions that are withheld.
func checkPipe(tree *parse.Tree, p *parse.PipeNode) error {
	if p == nil {
		return nil
	}
	for _, c := range p.Cmds {
		for _, arg := range c.Args {
			if err := checkArgument(tree, arg); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkArgument(tree *parse.Tree, n parse.Node) error {
	switch n := n.(type) {
	case *parse.IdentifierNode:
		if slices.Contains(withheld, n.Ident) {
			location, _ := tree.ErrorContext(n)
			return fmt.Errorf("template: %s: function %q not defined", location, n.Ident)
		}
	case *parse.PipeNode:
		return checkPipe(tree, n)
	case *parse.ChainNode:
		return checkArgument(tree, n.Node)
	}
	return nil
}

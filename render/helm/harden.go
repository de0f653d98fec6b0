package helm

import (
	"slices"
	"text/template/parse"
)

// Names of the functions that harden puts into templates; no chart can write them.
const (
	stepName    = "_step"
	printedName = "_printed"
	keptName    = "_kept"
)

// harden puts checks where a template could go on for ever or print more than there is memory: at its beginning, at the
// beginning of each turn of a loop, behind what an action prints and what a variable is set to. They change no output.
func harden(tree *parse.Tree) {
	hardenList(tree.Root)
	tree.Root.Nodes = slices.Insert(tree.Root.Nodes, 0, step(tree.Root.Pos))
}

func hardenList(l *parse.ListNode) {
	if l == nil {
		return
	}
	for _, n := range l.Nodes {
		hardenNode(n)
	}
}

func hardenNode(n parse.Node) {
	switch n := n.(type) {
	case *parse.ActionNode:
		if len(n.Pipe.Decl) > 0 {
			pipeInto(n.Pipe, keptName)
		} else if !isPaidText(n.Pipe) {
			pipeInto(n.Pipe, printedName)
		}
	case *parse.IfNode:
		hardenBranch(&n.BranchNode)
	case *parse.WithNode:
		hardenBranch(&n.BranchNode)
	case *parse.RangeNode:
		hardenBranch(&n.BranchNode)
		n.List.Nodes = slices.Insert(n.List.Nodes, 0, step(n.Pos))
	}
}

func hardenBranch(b *parse.BranchNode) {
	hardenList(b.List)
	hardenList(b.ElseList)
}

// texts are functions whose result is text that was paid for and is not too large, so that nobody has to look at it again.
var texts = named(`include tpl toYaml toJson quote squote indent nindent trim trunc trimSuffix trimPrefix lower upper replace printf print b64enc
	sha256sum join`)

// isPaidText tells a pipeline that ends in one of those.
func isPaidText(p *parse.PipeNode) bool {
	last := p.Cmds[len(p.Cmds)-1]
	id, ok := last.Args[0].(*parse.IdentifierNode)
	return ok && texts[id.Ident]
}

// step is the action {{_step}}; what it calls prints nothing.
func step(pos parse.Pos) parse.Node {
	pipe := &parse.PipeNode{NodeType: parse.NodePipe, Pos: pos}
	pipeInto(pipe, stepName)
	return &parse.ActionNode{NodeType: parse.NodeAction, Pos: pos, Pipe: pipe}
}

// pipeInto adds a function at the end of a pipeline.
func pipeInto(p *parse.PipeNode, name string) {
	id := parse.NewIdentifier(name).SetPos(p.Pos)
	p.Cmds = append(p.Cmds, &parse.CommandNode{NodeType: parse.NodeCommand, Pos: p.Pos, Args: []parse.Node{id}})
}

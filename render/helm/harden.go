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
	wholeName   = "_whole"
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
		hardenPipe(n.Pipe)
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
	case *parse.TemplateNode:
		hardenPipe(n.Pipe)
	}
}

func hardenBranch(b *parse.BranchNode) {
	hardenPipe(b.Pipe)
	hardenList(b.List)
	hardenList(b.ElseList)
}

// hardenPipe looks for .YAML, the one method of a value that writes it out and is no function of ours.
func hardenPipe(p *parse.PipeNode) {
	if p == nil {
		return
	}
	for _, c := range p.Cmds {
		for i, arg := range c.Args {
			c.Args[i] = hardenArgument(arg)
		}
	}
}

func hardenArgument(n parse.Node) parse.Node {
	switch n := n.(type) {
	case *parse.PipeNode:
		hardenPipe(n)
	case *parse.FieldNode:
		if owner, ok := cutYAML(n.Ident); ok && len(owner) == 0 {
			return yamlOf(&parse.DotNode{NodeType: parse.NodeDot, Pos: n.Pos}, n.Pos)
		} else if ok {
			return yamlOf(&parse.FieldNode{NodeType: parse.NodeField, Pos: n.Pos, Ident: owner}, n.Pos)
		}
	case *parse.VariableNode:
		if owner, ok := cutYAML(n.Ident); ok {
			return yamlOf(&parse.VariableNode{NodeType: parse.NodeVariable, Pos: n.Pos, Ident: owner}, n.Pos)
		}
	case *parse.ChainNode:
		n.Node = hardenArgument(n.Node)
		if owner, ok := cutYAML(n.Field); ok && len(owner) == 0 {
			return yamlOf(n.Node, n.Pos)
		} else if ok {
			return yamlOf(&parse.ChainNode{NodeType: parse.NodeChain, Pos: n.Pos, Node: n.Node, Field: owner}, n.Pos)
		}
	}
	return n
}

func cutYAML(names []string) (owner []string, ok bool) {
	last := len(names) - 1
	if last < 0 || names[last] != "YAML" {
		return nil, false
	}
	return names[:last], true
}

// yamlOf is (_whole OWNER).YAML.
func yamlOf(owner parse.Node, pos parse.Pos) parse.Node {
	check := &parse.PipeNode{NodeType: parse.NodePipe, Pos: pos}
	pipeInto(check, wholeName)
	check.Cmds[0].Args = append(check.Cmds[0].Args, owner)
	return &parse.ChainNode{NodeType: parse.NodeChain, Pos: pos, Node: check, Field: []string{"YAML"}}
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

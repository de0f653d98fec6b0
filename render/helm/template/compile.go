package template

import (
	"fmt"
	"text/template/parse"
)

// compiler makes of one tree what is executed.
type compiler struct {
	*Language
	names map[string]int // of variables
}

func compile(l *Language, tree *parse.Tree) list {
	c := &compiler{l, map[string]int{"$": topName}}
	return c.list(tree.Root)
}

func (c *compiler) list(l *parse.ListNode) list {
	if l == nil {
		return nil
	}
	made := make(list, 0, len(l.Nodes))
	for _, n := range l.Nodes {
		if one := c.statement(n); one != nil {
			made = append(made, one)
		}
	}
	return made
}

func (c *compiler) statement(n parse.Node) statement {
	switch n := n.(type) {
	case *parse.TextNode:
		return text(n.Text)
	case *parse.ActionNode:
		if len(n.Pipe.Decl) > 0 {
			return &declaration{c.pipe(n.Pipe)}
		}
		return &action{n, c.pipe(n.Pipe)}
	case *parse.IfNode:
		return c.branch(&n.BranchNode)
	case *parse.WithNode:
		return c.branch(&n.BranchNode)
	case *parse.RangeNode:
		return &loop{node: n, pipe: c.pipe(n.Pipe), body: c.list(n.List), els: c.list(n.ElseList)}
	case *parse.TemplateNode:
		return &invocation{n, c.pipe(n.Pipe)}
	case *parse.BreakNode:
		return breaks
	case *parse.ContinueNode:
		return continues
	}
	return nil // a comment
}

func (c *compiler) branch(b *parse.BranchNode) statement {
	return &branch{pipe: c.pipe(b.Pipe), then: c.list(b.List), els: c.list(b.ElseList), with: b.Type() == parse.NodeWith}
}

func (c *compiler) pipe(p *parse.PipeNode) *pipe {
	if p == nil {
		return nil
	}
	made := &pipe{node: p, assigns: p.IsAssign}
	for i, cmd := range p.Cmds {
		made.commands = append(made.commands, c.command(cmd, i > 0))
	}
	for _, v := range p.Decl {
		made.names = append(made.names, c.variable(v.Ident[0]))
	}
	return made
}

func (c *compiler) variable(name string) int {
	if _, ok := c.names[name]; !ok {
		c.names[name] = len(c.names)
	}
	return c.names[name]
}

// command compiles a part of a pipeline. final says that it is given what the part before it gave.
func (c *compiler) command(cmd *parse.CommandNode, final bool) command {
	given := len(cmd.Args) > 1 || final
	switch n := cmd.Args[0].(type) {
	case *parse.FieldNode, *parse.ChainNode:
		return c.path(n, cmd.Args[1:])
	case *parse.IdentifierNode:
		return c.function(n, cmd, cmd.Args[1:], final)
	case *parse.VariableNode:
		if len(n.Ident) > 1 {
			return c.path(n, cmd.Args[1:])
		}
		return &reference{n, c.variable(n.Ident[0]), given}
	case *parse.PipeNode:
		if given {
			return &refusal{nil, notFunction(n)}
		}
		return inner{c.pipe(n)}
	}
	return c.literal(cmd.Args[0], given)
}

func notFunction(n parse.Node) string {
	return fmt.Sprintf("can't give argument to non-function %s", n)
}

// literal is the dot, nil or a constant as a command.
func (c *compiler) literal(n parse.Node, given bool) command {
	switch {
	case given:
		return &refusal{n, notFunction(n)}
	case n.Type() == parse.NodeDot:
		return &dot{n}
	case n.Type() == parse.NodeNil:
		return &refusal{n, "nil is not a command"}
	}
	v, mistaken := untyped(n)
	if mistaken != "" {
		return &refusal{n, mistaken}
	}
	return &constant{n, v.v}
}

// path compiles fields of the dot, of a variable or of a pipeline.
func (c *compiler) path(n parse.Node, args []parse.Node) command {
	p := &path{node: n, args: c.arguments(args)}
	var names []string
	switch n := n.(type) {
	case *parse.FieldNode:
		names = n.Ident
	case *parse.VariableNode:
		p.from, names = &reference{at: n, name: c.variable(n.Ident[0])}, n.Ident[1:]
	case *parse.ChainNode:
		if n.Node.Type() == parse.NodeNil {
			return &refusal{n, fmt.Sprintf("indirection through explicit nil in %s", n)}
		}
		p.from, names = c.expression(n.Node), n.Field
	}
	for _, name := range names {
		p.steps = append(p.steps, &step{name: name})
	}
	return p
}

// expression compiles an argument that is no constant; it gives nil for one that is.
func (c *compiler) expression(n parse.Node) expression {
	switch n := n.(type) {
	case *parse.DotNode:
		return &dot{n}
	case *parse.PipeNode:
		return c.pipe(n)
	case *parse.FieldNode, *parse.ChainNode, *parse.VariableNode:
		return c.command(&parse.CommandNode{Args: []parse.Node{n}}, false).(expression)
	case *parse.IdentifierNode:
		return c.function(n, n, nil, false).(expression)
	}
	return nil
}

func (c *compiler) arguments(nodes []parse.Node) []argument {
	args := make([]argument, len(nodes))
	for i, n := range nodes {
		args[i] = argument{node: n, from: c.expression(n)}
	}
	return args
}

// function compiles a call. The node is what errors of the function are about.
func (c *compiler) function(n *parse.IdentifierNode, node parse.Node, nodes []parse.Node, final bool) command {
	number, ok := c.index[n.Ident]
	if !ok {
		return &refusal{n, fmt.Sprintf("%q is not a defined function", n.Ident)}
	}
	typ, args := c.types[number], c.arguments(nodes)
	mistaken := arity(typ, n.Ident, len(args), final)
	if mistaken == "" {
		for i := range args {
			args[i] = args[i].as(parameter(typ, i))
		}
	}
	if c.own[number] && (n.Ident == "and" || n.Ident == "or") {
		return &choice{n, args, n.Ident == "or", mistaken}
	}
	made := &call{name: n.Ident, number: number, ident: n, node: node, args: args, mistaken: mistaken, direct: callers[typ]}
	if final && mistaken == "" {
		made.last = parameter(typ, len(args))
	}
	if c.own[number] && n.Ident == "call" && mistaken == "" {
		return &calling{made, nodes}
	}
	return made
}

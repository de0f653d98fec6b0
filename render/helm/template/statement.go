package template

import "text/template/parse"

// flow says how it goes on behind a statement.
type flow uint8

const (
	next flow = iota
	breaks
	continues
)

type statement interface{ exec(s *state) flow }

type list []statement

func (l list) exec(s *state) flow {
	for _, one := range l {
		if f := one.exec(s); f != next {
			return f
		}
	}
	return next
}

type text string

func (t text) exec(s *state) flow {
	s.write(string(t))
	return next
}

func (f flow) exec(*state) flow { return f }

// action evaluates a pipeline and prints what it gives.
type action struct {
	node *parse.ActionNode
	pipe *pipe
}

func (a *action) exec(s *state) flow {
	v := a.pipe.value(s)
	s.at = a.node
	s.print(a.node, v)
	return next
}

// declaration evaluates a pipeline for its variables.
type declaration struct{ pipe *pipe }

func (d *declaration) exec(s *state) flow {
	d.pipe.value(s)
	return next
}

// branch is if and with.
type branch struct {
	pipe      *pipe
	then, els list
	with      bool // the value becomes the dot
}

func (b *branch) exec(s *state) flow {
	mark := len(s.vars)
	v := b.pipe.value(s)
	var f flow
	switch {
	case !v.truth():
		f = b.els.exec(s)
	case b.with:
		dot := s.dot
		s.dot = v
		f = b.then.exec(s)
		s.dot = dot
	default:
		f = b.then.exec(s)
	}
	s.pop(mark)
	return f
}

// invocation is {{template}}.
type invocation struct {
	node *parse.TemplateNode
	pipe *pipe
}

func (i *invocation) exec(s *state) flow {
	s.at = i.node
	t := s.set.templates[i.node.Name]
	if t == nil {
		s.failf("template %q not defined", i.node.Name)
	}
	if s.depth == maxDepth {
		s.failf("exceeded maximum template depth (%v)", maxDepth)
	}
	var data value
	if i.pipe != nil {
		data = i.pipe.value(s) // variables that it declares stay
	}
	s.invoke(t, data)
	return next
}

// invoke executes a template that sees no variables but its own.
func (s *state) invoke(t *Template, data value) {
	root, room := t.compiled(), frameInvocation+t.height
	s.enter(t, room)
	outer, dot, base, mark := s.t, s.dot, s.base, len(s.vars)
	s.t, s.dot, s.base = t, data, mark
	s.depth++
	s.push(topName, data)
	root.exec(s)
	s.depth--
	s.leave(room)
	s.pop(mark)
	s.t, s.dot, s.base = outer, dot, base
}

package template

import "text/template/parse"

// expression gives a value where it stands alone, as an argument.
type expression interface{ value(s *state) value }

// command is a part of a pipeline. It is given what the part before it gave, or absent.
type command interface {
	run(s *state, final value) value
}

// pipe is commands, each given what the one before it gave, and the variables that keep the last.
type pipe struct {
	node     *parse.PipeNode
	commands []command
	names    []int
	assigns  bool // the variables are there already
}

func (p *pipe) value(s *state) value {
	s.at = p.node
	v := value{is: absent}
	for _, c := range p.commands {
		v = c.run(s, v).unboxed()
	}
	for i, name := range p.names {
		if p.assigns {
			s.assignTo(p, i, v)
		} else {
			s.push(name, v)
		}
	}
	return v
}

// assignTo sets the variable that the pipeline names in this place.
func (s *state) assignTo(p *pipe, i int, v value) {
	found := s.lookup(p.names[i])
	if found == nil {
		s.failf("undefined variable: %s", p.node.Decl[i].Ident[0])
	}
	found.value = v
}

// refusal is a command that can only fail. Its place is where evaluation is, unless it says one.
type refusal struct {
	at      parse.Node
	message string
}

func (r *refusal) run(s *state, _ value) value {
	if r.at != nil {
		s.at = r.at
	}
	s.failf("%s", r.message)
	return value{}
}

func (r *refusal) value(s *state) value { return r.run(s, value{}) }

// constant is a number, a text, true or false.
type constant struct {
	at parse.Node
	v  any
}

func (c *constant) run(s *state, _ value) value { return c.value(s) }

func (c *constant) value(s *state) value {
	s.at = c.at
	return value{c.v, plain}
}

// dot is the dot.
type dot struct{ at parse.Node }

func (d *dot) run(s *state, _ value) value { return d.value(s) }

func (d *dot) value(s *state) value {
	s.at = d.at
	return s.dot
}

// inner is a pipeline in parentheses, as a command.
type inner struct{ *pipe }

func (i inner) run(s *state, _ value) value { return i.value(s) }

// reference is a variable.
type reference struct {
	at    *parse.VariableNode
	name  int
	given bool // arguments, which it cannot take
}

func (r *reference) run(s *state, _ value) value {
	v := r.value(s)
	if r.given {
		s.failf("%s", notFunction(r.at))
	}
	return v
}

func (r *reference) value(s *state) value {
	s.at = r.at
	found := s.lookup(r.name)
	if found == nil {
		s.failf("undefined variable: %s", r.at.Ident[0])
	}
	return found.value
}

// path is fields, keys and methods, one after the other. What comes last may be a method with arguments.
type path struct {
	from  expression // nil for the dot
	node  parse.Node
	steps []*step
	args  []argument
}

func (p *path) run(s *state, final value) value {
	s.at = p.node
	v := s.dot
	if p.from != nil {
		v = p.from.value(s)
	}
	last := len(p.steps) - 1
	for _, one := range p.steps[:last] {
		v = one.take(s, v, p.node, nil, value{is: absent})
	}
	return p.steps[last].take(s, v, p.node, p.args, final)
}

func (p *path) value(s *state) value { return p.run(s, value{is: absent}) }

package environments

import "strings"

// fill puts names in place of placeholders; the zero fill leaves them as they are.
type fill []struct{ placeholder, name string }

func filler(p Placement) fill {
	return fill{{"{app}", p.App}, {"{environment}", p.Environment}, {"{group}", p.Unit}, {"{team}", p.Team}}
}

// Replace fills in all placeholders of a text. Names are taken as they are, whatever they hold.
func (f fill) Replace(text string) string {
	at := strings.IndexByte(text, '{')
	if at < 0 || len(f) == 0 {
		return text
	}
	var out strings.Builder
	for ; at >= 0; at = strings.IndexByte(text, '{') {
		out.WriteString(text[:at])
		placeholder, name := f.begins(text[at:])
		out.WriteString(name)
		text = text[at+len(placeholder):]
	}
	out.WriteString(text)
	return out.String()
}

// begins gives the placeholder that a text begins with and its name, or else a brace for itself.
func (f fill) begins(text string) (placeholder, name string) {
	for _, one := range f {
		if strings.HasPrefix(text, one.placeholder) {
			return one.placeholder, one.name
		}
	}
	return "{", "{"
}

package host

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/host/script"
	"github.com/perilune/perilune/host/study"
)

// space is what there is to search over, checked against what the script says of it.
func (o *StudySearchOptions) space(l *loaded) (*study.Search, error) {
	s := &study.Search{Method: o.Method, Trials: o.Trials, Seed: o.Seed}
	ranges, err := o.ranges(l)
	if err != nil {
		return nil, err
	}
	for i := range l.params {
		p := &l.params[i]
		text, asked := ranges[p.Name]
		if len(ranges) > 0 && !asked {
			continue
		}
		d, ok, err := dimension(p, text)
		if err != nil {
			return nil, configError("parameter %s of %s: %v", p.Name, l.name, err)
		}
		if !ok && asked {
			return nil, configError("parameter %s of %s has no bounds of its own: want a range, such as %s=1..10", p.Name, l.name, p.Name)
		}
		if ok {
			s.Space = append(s.Space, d)
		}
	}
	set := paramsFor(l.name, l.params, o.Session.Set)
	for _, d := range s.Space {
		v, given := set[d.Name]
		if given && len(ranges) > 0 {
			return nil, configError("parameter %s is set and searched: want one of them", d.Name)
		}
		if !given {
			v = fmt.Sprint(l.params[slices.IndexFunc(l.params, func(p script.Param) bool { return p.Name == d.Name })].Default)
		}
		s.First = append(s.First, v)
	}
	if err := s.Check(); err != nil {
		return nil, configError("%v", err)
	}
	return s, nil
}

// ranges are those asked for, by the bare name of the parameter.
func (o *StudySearchOptions) ranges(l *loaded) (map[string]string, error) {
	out := map[string]string{}
	for _, key := range sortedKeys(o.Ranges) {
		p := addressed(l.name, l.params, key)
		if p == nil {
			var names []string
			for i := range l.params {
				names = append(names, l.params[i].Name)
			}
			_, bare, dotted := strings.Cut(key, ".")
			if !dotted {
				bare = key
			}
			return nil, configError("tune %q: %s has no such parameter%s; it has %s", key, l.name, bindings.DidYouMean(bare, names), strings.Join(names, ", "))
		}
		out[p.Name] = o.Ranges[key]
	}
	return out, nil
}

// dimension is what a parameter may be, as it was asked for or by its own declaration;
// false: that has no bounds.
func dimension(p *script.Param, text string) (d study.Dimension, ok bool, err error) {
	if text == "" {
		d, ok = declared(p)
		return d, ok, nil
	}
	if d, err = study.ParseDimension(p.Name, text); err != nil {
		return d, false, err
	}
	if p.Type == "integer" && d.Values == nil && d.Step == 0 && !d.Log {
		d.Step = 1
	}
	if p.Type == "integer" && d.Log {
		return d, false, fmt.Errorf("a whole number has no range of ratios: want values, such as 1,3,10,30")
	}
	if d.Values == nil && p.Type != "number" && p.Type != "integer" {
		return d, false, fmt.Errorf("%s has no range: want values, such as a,b", p.Type)
	}
	try := d.Values
	if try == nil {
		try = []string{d.At(0), d.At(1)}
	}
	for _, v := range try {
		if err := p.Check(v); err != nil {
			return d, false, err
		}
	}
	return d, true, nil
}

// declared is what a script says of its parameter.
func declared(p *script.Param) (study.Dimension, bool) {
	d := study.Dimension{Name: p.Name}
	switch p.Type {
	case "choice":
		d.Values = p.Choices
		return d, true
	case "boolean":
		d.Values = []string{"false", "true"}
		return d, true
	case "number", "integer":
		if p.Min == nil || p.Max == nil || *p.Max <= *p.Min {
			return d, false
		}
		d.Lo, d.Hi = *p.Min, *p.Max
		if p.Type == "integer" {
			d.Step = 1
		}
		return d, true
	}
	return d, false
}

package debug

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/perilune/perilune/host/script"
)

// Breakpoint is a place that stops a session.
type Breakpoint struct {
	ID int
	// Path and Line are of one at a line; When words an event, or names a function.
	Path string
	Line int
	When string

	Condition string // an expression of Lua that must be true there; "": none
	Hits      string // which hits count, as in "5", ">= 5" or "% 10"; "": all
	Log       string // what to print instead of stopping, with {expressions} in it

	Verified bool
	Message  string // why it is not

	hits    int
	matches func(*replay) bool // of an event; nil: it is at a line
	at      map[*Source]int    // where it stands, by file
	name    string             // of a function
	refused bool               // it makes no sense anywhere
}

// Points are a session's breakpoints.
type Points struct {
	sources  *sources
	evaluate func(*replay, string) (Node, error) // at the innermost frame
	say      func(format string, a ...any)

	list     []*Breakpoint
	last     int
	thrown   bool // stop at errors that a protected call catches too
	uncaught bool
	lines    map[*script.Program][]map[int][]*Breakpoint // by source and line
	program  *script.Program                             // looked at last
	table    []map[int][]*Breakpoint                     // of it
	events   []*Breakpoint
	hit      []int
}

// SetLines makes these the breakpoints of a file.
func (p *Points) SetLines(path string, list []Breakpoint) []*Breakpoint {
	return p.set(list, func(b *Breakpoint) bool { return b.Path == path }, func(b *Breakpoint) { b.Path = path })
}

// SetWhen makes these the breakpoints on events and functions.
func (p *Points) SetWhen(list []Breakpoint) []*Breakpoint {
	return p.set(list, func(b *Breakpoint) bool { return b.When != "" }, func(*Breakpoint) {})
}

// set puts breakpoints in the place of others.
func (p *Points) set(list []Breakpoint, old func(*Breakpoint) bool, each func(*Breakpoint)) (out []*Breakpoint) {
	kept := p.list[:0:0]
	for _, b := range p.list {
		if !old(b) {
			kept = append(kept, b)
		}
	}
	for i := range list {
		b := list[i]
		each(&b)
		p.last++
		b.ID = p.last
		p.settle(&b)
		kept, out = append(kept, &b), append(out, &b)
	}
	p.list = kept
	p.arrange()
	return out
}

// Add sets one breakpoint more.
func (p *Points) Add(b Breakpoint) *Breakpoint {
	return p.set([]Breakpoint{b}, func(*Breakpoint) bool { return false }, func(*Breakpoint) {})[0]
}

// Remove takes a breakpoint away; false: there is none of that number.
func (p *Points) Remove(id int) bool {
	n := len(p.list)
	p.set(nil, func(b *Breakpoint) bool { return b.ID == id }, nil)
	return len(p.list) < n
}

// List are those that are set.
func (p *Points) List() []*Breakpoint { return p.list }

// BreakOnErrors stops a session where a script raises an error that ends its callback, and
// at others that it catches itself.
func (p *Points) BreakOnErrors(uncaught, caught bool) {
	p.uncaught, p.thrown = uncaught, caught
}

// settle finds where a breakpoint stands.
func (p *Points) settle(b *Breakpoint) {
	b.at, b.hits = map[*Source]int{}, 0
	if b.Hits != "" && !hitForm.MatchString(b.Hits) {
		b.Message, b.refused = fmt.Sprintf("%q: want a number of hits, as 5, >= 5 or %% 10", b.Hits), true
		return
	}
	switch {
	case b.When != "":
		if b.matches, b.Message = eventNamed(b.When); b.matches != nil {
			b.Verified = true
			return
		}
		b.name = strings.TrimSpace(b.When)
		for _, f := range p.sources.list {
			p.settleIn(b, f)
		}
		if b.Verified {
			b.Message = ""
		}
	default:
		files := p.sources.named(b.Path)
		for _, f := range files {
			p.settleIn(b, f)
		}
		switch {
		case len(files) == 0:
			b.Message = "no strategy of this session has this file"
		case !b.Verified:
			b.Message = "nothing is executed there or after it"
		}
	}
}

// settleIn finds where a breakpoint stands in a file.
func (p *Points) settleIn(b *Breakpoint, f *Source) {
	line := b.Line
	if b.name != "" {
		if line = f.function(b.name); line == 0 {
			return
		}
		line++
	}
	if at := f.snap(line); at != 0 {
		b.at[f] = at
		b.Verified = true
		if b.Line == 0 || len(b.at) == 1 {
			b.Line = at
		}
	}
}

// function is the line at which a function of a name is defined; 0: none is.
func (f *Source) function(name string) int {
	q := regexp.QuoteMeta(name)
	def := regexp.MustCompile(`(?:function\s+(?:[A-Za-z_][\w]*[.:])*` + q + `\s*\(|(?:^|[^\w])` + q + `\s*=\s*function\b)`)
	for i, line := range strings.Split(f.Text, "\n") {
		if def.MatchString(line) {
			return i + 1
		}
	}
	return 0
}

var hitForm = regexp.MustCompile(`^\s*(>=|>|==|=|%)?\s*(\d+)\s*$`)

// counts reports whether a hit counts.
func (b *Breakpoint) counts() bool {
	if b.Hits == "" {
		return true
	}
	m := hitForm.FindStringSubmatch(b.Hits)
	n, _ := strconv.Atoi(m[2])
	switch m[1] {
	case ">":
		return b.hits > n
	case ">=":
		return b.hits >= n
	case "%":
		return n > 0 && b.hits%n == 0
	}
	return b.hits == n
}

// arrange forgets where breakpoints of programs are: it is found anew.
func (p *Points) arrange() {
	p.lines, p.program, p.table, p.events = map[*script.Program][]map[int][]*Breakpoint{}, nil, nil, nil
	for _, b := range p.list {
		if b.matches != nil && !b.refused {
			p.events = append(p.events, b)
		}
	}
}

// of is where breakpoints stand in a program, by source and line.
func (p *Points) of(program *script.Program) []map[int][]*Breakpoint {
	if p.program == program {
		return p.table
	}
	table, ok := p.lines[program]
	if !ok {
		files := p.sources.of(program)
		table = make([]map[int][]*Breakpoint, len(files))
		for i, f := range files {
			for _, b := range p.list {
				if _, settled := b.at[f]; !settled && !b.refused && b.matches == nil && (b.name != "" || p.means(b, f)) {
					p.settleIn(b, f)
				}
				if line, ok := b.at[f]; ok {
					if table[i] == nil {
						table[i] = map[int][]*Breakpoint{}
					}
					table[i][line] = append(table[i][line], b)
				}
			}
		}
		p.lines[program] = table
	}
	p.program, p.table = program, table
	return table
}

// means reports whether a breakpoint's path is that of a file.
func (p *Points) means(b *Breakpoint, f *Source) bool {
	for _, named := range p.sources.named(b.Path) {
		if named == f {
			return true
		}
	}
	return false
}

// atLine reports whether a breakpoint stops a replay at a line. What prints prints.
func (p *Points) atLine(r *replay, quiet bool) bool {
	at := p.of(r.place.Program)[r.place.Source]
	if at == nil {
		return false
	}
	return p.hits(r, at[r.place.Line], quiet)
}

// atEvent reports whether a breakpoint stops a replay before an event.
func (p *Points) atEvent(r *replay, quiet bool) bool {
	if len(p.events) == 0 {
		return false
	}
	var list []*Breakpoint
	for _, b := range p.events {
		if b.matches(r) {
			list = append(list, b)
		}
	}
	return p.hits(r, list, quiet)
}

// atError reports whether an error stops a replay.
func (p *Points) atError(r *replay) bool {
	if r.raise.Caught {
		return p.thrown
	}
	return p.uncaught
}

func (p *Points) hits(r *replay, list []*Breakpoint, quiet bool) bool {
	var hit []int
	for _, b := range list {
		if b.Condition != "" {
			yes, err := p.condition(r, b.Condition)
			if err != nil && !quiet {
				p.say("the condition %s of the breakpoint at %s failed: %v", b.Condition, b.where(), err)
			}
			if !yes {
				continue
			}
		}
		if !quiet {
			b.hits++
			if !b.counts() {
				continue
			}
		}
		if b.Log != "" {
			if !quiet {
				p.say("%s", p.interpolated(r, b.Log))
			}
			continue
		}
		hit = append(hit, b.ID)
	}
	p.hit = hit
	return len(hit) > 0
}

// condition is whether an expression is true at the innermost frame.
func (p *Points) condition(r *replay, code string) (bool, error) {
	n, err := p.evaluate(r, code)
	return err == nil && n.truth, err
}

func (b *Breakpoint) where() string {
	if b.When != "" {
		return b.When
	}
	return fmt.Sprintf("%s:%d", b.Path, b.Line)
}

// String words a breakpoint for people.
func (b *Breakpoint) String() string {
	text := fmt.Sprintf("%d  %s", b.ID, b.where())
	for _, part := range []struct{ word, value string }{{"if", b.Condition}, {"hits", b.Hits}, {"log", b.Log}} {
		if part.value != "" {
			text += " " + part.word + " " + part.value
		}
	}
	if b.Message != "" {
		text += "  (" + b.Message + ")"
	}
	return text
}

var inBraces = regexp.MustCompile(`\{[^{}]*\}`)

// interpolated fills in the expressions of a logpoint.
func (p *Points) interpolated(r *replay, text string) string {
	return inBraces.ReplaceAllStringFunc(text, func(e string) string {
		out, err := p.evaluate(r, e[1:len(e)-1])
		if err != nil {
			return "{" + err.Error() + "}"
		}
		return out.plain()
	})
}

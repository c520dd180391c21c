package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/perilune/perilune/host/cli/manual"
	"github.com/perilune/perilune/host/learn"
	"github.com/perilune/perilune/host/trial"
)

// tutorial is what perilune learn was asked for.
type tutorial struct {
	*env
	dir    string
	asJSON bool
	steps  []learn.Step
}

// learnVerb shows the tutorial: its steps, one of them, or whether one is done.
func learnVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("learn", "[N | check [N]] [flags]", "perilune learn 1")
	t := &tutorial{env: e, steps: learn.Steps()}
	f.StringVar(&t.dir, "dir", "learn", "the folder that the steps are written to")
	solution := f.Bool("solution", false, "print one way to do the step, and write nothing")
	f.BoolVar(&t.asJSON, "json", false, "print one JSON object on stdout")
	if err := parse(f, args); err != nil {
		return err
	}
	switch a := f.Args(); {
	case len(a) == 0 && !*solution:
		return t.list(ctx)
	case len(a) == 1 && a[0] != "check":
		s, err := t.step(a[0])
		if err != nil {
			return err
		}
		if *solution {
			fmt.Fprint(e.out, s.Solution())
			return nil
		}
		return t.begin(s)
	case len(a) == 1 && !*solution:
		return t.checkCurrent(ctx)
	case len(a) == 2 && a[0] == "check" && !*solution:
		s, err := t.step(a[1])
		if err != nil {
			return err
		}
		return t.check(ctx, s)
	}
	return fail(ExitUsage, "want nothing, a step, check, or check and a step; --solution wants a step")
}

func (t *tutorial) step(arg string) (learn.Step, error) {
	n, err := strconv.Atoi(arg)
	if err != nil || n < 1 || n > len(t.steps) {
		return learn.Step{}, fail(ExitUsage, "%q: want a step, 1 to %d, or check", arg, len(t.steps))
	}
	return t.steps[n-1], nil
}

// begin writes a step and shows what it is about.
func (t *tutorial) begin(s learn.Step) error {
	edit, begun, err := s.Begin(t.dir)
	if err != nil {
		return err
	}
	if t.asJSON {
		return t.printJSON(map[string]any{"step": s.N, "title": s.Title, "lesson": s.Lesson, "edit": edit, "begun": begun})
	}
	screen := newScreen(t.out)
	if err := manual.Terminal(t.out, s.Lesson, docsWidth, screen.color); err != nil {
		return err
	}
	verb := "wrote"
	if begun {
		verb = "kept"
	}
	fmt.Fprintf(t.out, "\n%s %s: edit it, then\n  %s\n", verb, edit, t.command(fmt.Sprintf("check %d", s.N)))
	return nil
}

// command is how the tutorial is called for this folder.
func (t *tutorial) command(rest string) string {
	if t.dir == "learn" {
		return "perilune learn " + rest
	}
	return fmt.Sprintf("perilune learn %s --dir %s", rest, t.dir)
}

// standing is how far a step is.
type standing struct {
	Step  int    `json:"step"`
	Name  string `json:"name"`
	Title string `json:"title"`
	State string `json:"state"` // done, begun, or "" for neither
}

func (t *tutorial) standings(ctx context.Context) ([]standing, error) {
	var out []standing
	for _, s := range t.steps {
		at := standing{Step: s.N, Name: s.Name, Title: s.Title}
		if s.Begun(t.dir) {
			r, err := s.Check(ctx, t.dir, nil)
			if err != nil {
				return nil, err
			}
			at.State = "begun"
			if r.OK() {
				at.State = "done"
			}
		}
		out = append(out, at)
	}
	return out, nil
}

func (t *tutorial) list(ctx context.Context) error {
	all, err := t.standings(ctx)
	if err != nil {
		return err
	}
	if t.asJSON {
		return t.printJSON(map[string]any{"steps": all})
	}
	next := 0
	for _, s := range all {
		mark := map[string]string{"done": "✓", "begun": "·"}[s.State]
		if next == 0 && s.State != "done" {
			next = s.Step
		}
		fmt.Fprintf(t.out, "%-2s%d  %s\n", mark, s.Step, s.Title)
	}
	switch {
	case next == 0:
		fmt.Fprint(t.out, "\nall done: perilune new --list has strategies to go on with\n")
	case all[next-1].State == "begun":
		fmt.Fprintf(t.out, "\nyou are at step %d: %s shows it, %s tells whether it is done\n", next, t.command(strconv.Itoa(next)), t.command("check"))
	default:
		fmt.Fprintf(t.out, "\ngo on with %s\n", t.command(strconv.Itoa(next)))
	}
	return nil
}

// checkCurrent checks the first step that is begun and not done.
func (t *tutorial) checkCurrent(ctx context.Context) error {
	all, err := t.standings(ctx)
	if err != nil {
		return err
	}
	last := 0
	for _, s := range all {
		if s.State == "begun" {
			return t.check(ctx, t.steps[s.Step-1])
		}
		if s.State == "done" {
			last = s.Step
		}
	}
	if last == 0 {
		return fail(ExitUsage, "no step is begun: %s", t.command("1"))
	}
	return t.check(ctx, t.steps[last-1])
}

func (t *tutorial) check(ctx context.Context, s learn.Step) error {
	c := &trial.Console{W: t.out, Color: newScreen(t.out).color}
	done := c.Test
	if t.asJSON {
		done = nil
	}
	r, err := s.Check(ctx, t.dir, done)
	if err != nil {
		return fail(ExitUsage, "%v", err)
	}
	if t.asJSON {
		if err := t.printJSON(map[string]any{"step": s.N, "done": r.OK(), "report": r}); err != nil {
			return err
		}
		return outcome(r, 0)
	}
	c.Summary(r)
	if !r.OK() {
		return outcome(r, 0)
	}
	fmt.Fprintf(t.out, "\nstep %d is done", s.N)
	if s.N < len(t.steps) {
		fmt.Fprintf(t.out, ": go on with %s", t.command(strconv.Itoa(s.N+1)))
	}
	fmt.Fprintln(t.out)
	return nil
}

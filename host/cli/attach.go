package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/host/control"
)

const attachHelp = `Lua in the globals of a strategy, between two events. An expression prints its values.
  :strategy NAME  evaluate in another strategy
  :rw             changes are kept from here on, and journalled; :ro ends it
  :help, :quit
`

// attachVerb reads lines of Lua and has them evaluated in a running session.
func attachVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("attach", "[flags]", "perilune attach --strategy basis")
	var d deskFlags
	d.steer(f)
	d.one(f)
	rw := f.Bool("rw", false, "what is evaluated may place orders and change state")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	desk, err := d.running(ctx)
	if err != nil {
		return err
	}
	list, err := desk.Strategies(ctx)
	if err != nil {
		return asked(err)
	}
	r := &repl{e: e, d: &d, desk: desk, write: *rw}
	for i := range list {
		r.names = append(r.names, list[i].Name)
	}
	if r.choose(d.strategy) != nil {
		return fail(ExitUsage, "no strategy is called %q; there are %q", d.strategy, r.names)
	}
	id := desk.Identity()
	read, leave, err := e.lines(r.prompt)
	if err != nil {
		return err
	}
	defer leave()
	if !d.json {
		fmt.Fprintf(e.err, "%s\r\n", band(&id))
	}
	return r.run(ctx, read)
}

// lines reads lines: with editing and history on a terminal.
func (e *env) lines(prompt func() string) (read func() (string, error), leave func(), err error) {
	in, ok := e.in.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		s := bufio.NewScanner(e.in)
		s.Buffer(nil, 64<<10)
		return func() (string, error) {
			if !s.Scan() {
				if s.Err() != nil {
					return "", s.Err()
				}
				return "", io.EOF
			}
			return s.Text(), nil
		}, func() {}, nil
	}
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return nil, nil, err
	}
	t := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{e.in, e.out}, "")
	out := e.out
	e.out = t // it turns line ends into what a raw terminal wants
	return func() (string, error) {
			t.SetPrompt(prompt())
			return t.ReadLine()
		}, func() {
			e.out = out
			_ = term.Restore(int(in.Fd()), before) // nothing better can be done
		}, nil
}

// repl is a conversation with one strategy at a time.
type repl struct {
	e        *env
	d        *deskFlags
	desk     control.Desk
	names    []string
	strategy string
	write    bool
}

func (r *repl) prompt() string {
	if r.write {
		return r.strategy + " rw> "
	}
	return r.strategy + "> "
}

func (r *repl) choose(name string) error {
	for _, n := range r.names {
		if name == "" || n == name {
			r.strategy = n
			return nil
		}
	}
	return fmt.Errorf("no strategy is called %q; there are %q", name, r.names)
}

func (r *repl) run(ctx context.Context, read func() (string, error)) error {
	failures := 0
	for ctx.Err() == nil {
		line, err := read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		line = strings.TrimSpace(line)
		command, arg, _ := strings.Cut(line, " ")
		switch {
		case line == "":
		case command == ":quit":
			return nil
		case command == ":help":
			fmt.Fprint(r.e.out, attachHelp)
		case command == ":rw" || command == ":ro":
			r.write = command == ":rw"
		case command == ":strategy":
			if err := r.choose(strings.TrimSpace(arg)); err != nil {
				fmt.Fprintln(r.e.out, err)
			}
		case strings.HasPrefix(command, ":"):
			fmt.Fprintf(r.e.out, "there is no %s; :help says what there is\n", command)
		default:
			failed, err := r.evaluate(ctx, line)
			if err != nil {
				return err
			}
			if failed {
				failures++
			}
		}
	}
	if failures > 0 && r.d.json { // of a script, which wants to know
		return &coded{code: ExitFailure, quiet: true, err: fmt.Errorf("%d lines failed", failures)}
	}
	return nil
}

// evaluate has one line evaluated; the error ends the conversation.
func (r *repl) evaluate(ctx context.Context, code string) (failed bool, err error) {
	v, err := r.desk.Eval(ctx, r.d.who(), control.EvalArgs{Strategy: r.strategy, Code: code, Write: r.write})
	e := control.AsError(err)
	switch {
	case e != nil && e.Code == control.Ended:
		return true, asked(err)
	case r.d.json && e != nil:
		return true, r.e.printJSON(map[string]any{"error": e})
	case r.d.json:
		return false, r.e.printJSON(v)
	case e != nil:
		fmt.Fprintln(r.e.out, e)
		return true, nil
	}
	fmt.Fprint(r.e.out, bindings.Printable(v.Output)) // what a script says may steer a terminal
	if len(v.Values) > 0 {
		fmt.Fprintln(r.e.out, bindings.Printable(strings.Join(v.Values, "\t")))
	}
	return false, nil
}

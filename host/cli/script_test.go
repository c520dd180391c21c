package cli

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/perilune/perilune/host/advisor/advisortest"
	"github.com/perilune/perilune/scripts"
)

// The scripts in testdata drive the command as a person or a supervisor does:
// in a process of its own, by its arguments, its two outputs and its exit code.
func TestMain(m *testing.M) {
	os.Setenv(logFormatVariable, "text") // what the tests read; TestLogFormats asks for the other

	testscript.Main(m, map[string]func(){
		"perilune": func() { os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":     exits,
			"interrupt": interrupt,
			"crash":     crash,
			"json":      checkJSON,
			"same":      same,
			"recording": recording,
			"history":   history,
			"gz":        gz,
			"edit":      edit,
			"drop":      drop,
			"cut":       cut,
			"text":      text,
			"advisor":   advisor,
			"shipped":   shipped,
			"sqlite":    sqlite,
		},
	})
}

// exits CODE ARG… runs perilune and wants that exit code. Its outputs are left
// in the files out and err, for grep and cmp.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	cmd := command(ts, args[1:])
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	got := exitCode(ts, cmd.Run())
	keep(ts, out.Bytes(), errs.Bytes())
	if got != want || neg {
		ts.Fatalf("perilune %q: exit code %d, want %d\nstdout: %s\nstderr: %s", args[1:], got, want, &out, &errs)
	}
}

// sqlite FILE QUERY changes a ledger as another program would, whatever guards its rows.
func sqlite(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", "file:"+ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close()
	for _, q := range []string{"DROP TRIGGER fills_no_update", args[1]} {
		_, err := db.Exec(q)
		ts.Check(err)
	}
}

// interrupt CODE PATTERN ARG… runs perilune, sends it Ctrl-C once a line of its
// stderr matches, and wants the exit code.
func interrupt(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	signalled(ts, os.Interrupt, want, args[1], args[2:])
}

// crash PATTERN ARG… runs perilune and kills it once a line of its stderr matches.
func crash(ts *testscript.TestScript, _ bool, args []string) {
	signalled(ts, os.Kill, -1, args[0], args[1:])
}

func signalled(ts *testscript.TestScript, sig os.Signal, want int, pattern string, args []string) {
	match := regexp.MustCompile(pattern)
	cmd := command(ts, args)
	var out, errs bytes.Buffer
	cmd.Stdout = &out
	pipe, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	watchdog := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer watchdog.Stop()
	seen := false
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		fmt.Fprintln(&errs, lines.Text())
		if !seen && match.MatchString(lines.Text()) {
			seen = true
			ts.Check(cmd.Process.Signal(sig))
		}
	}
	got := exitCode(ts, cmd.Wait())
	keep(ts, out.Bytes(), errs.Bytes())
	if !seen || got != want {
		ts.Fatalf("perilune %q: saw %q: %v, exit code %d, want %d\nstdout: %s\nstderr: %s", args, pattern, seen, got, want, &out, &errs)
	}
}

// command is perilune as testscript put it into the path of the script.
func command(ts *testscript.TestScript, args []string) *exec.Cmd {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		path := filepath.Join(dir, "perilune")
		if _, err := os.Stat(path); err == nil {
			cmd := exec.Command(path, args...)
			cmd.Dir = ts.MkAbs(".")
			return cmd
		}
	}
	ts.Fatalf("perilune is not in the path of the script")
	return nil
}

func exitCode(ts *testscript.TestScript, err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	ts.Check(err)
	return 0
}

func keep(ts *testscript.TestScript, out, errs []byte) {
	ts.Check(os.WriteFile(ts.MkAbs("out"), out, 0o644))
	ts.Check(os.WriteFile(ts.MkAbs("err"), errs, 0o644))
}

// checkJSON FILE KEY:TYPE… wants the file to be exactly one JSON object with
// these keys, each of its type: number, string, bool, list or object.
func checkJSON(ts *testscript.TestScript, _ bool, args []string) {
	object := object(ts, args[0])
	for _, arg := range args[1:] {
		key, want, _ := strings.Cut(arg, ":")
		value, ok := object[key]
		if !ok {
			ts.Fatalf("%s: there is no key %q", args[0], key)
		}
		if got := kindOf(value); got != want {
			ts.Fatalf("%s: %s is a %s, want a %s: %v", args[0], key, got, want, value)
		}
	}
}

func object(ts *testscript.TestScript, file string) map[string]any {
	dec := json.NewDecoder(strings.NewReader(ts.ReadFile(file)))
	dec.UseNumber()
	var object map[string]any
	if err := dec.Decode(&object); err != nil {
		ts.Fatalf("%s: %v", file, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		ts.Fatalf("%s: there is more than one JSON object", file)
	}
	return object
}

func kindOf(v any) string {
	switch v.(type) {
	case json.Number:
		return "number"
	case string:
		return "string"
	case bool:
		return "bool"
	case []any:
		return "list"
	case map[string]any:
		return "object"
	}
	return "null"
}

// same KEY A B wants the key of two JSON files to have the same value, and
// ! same another one. A key that neither has is not the same.
func same(ts *testscript.TestScript, neg bool, args []string) {
	a, ok := object(ts, args[1])[args[0]]
	b, also := object(ts, args[2])[args[0]]
	if !ok || !also {
		ts.Fatalf("%s is not in both %s and %s", args[0], args[1], args[2])
	}
	if (fmt.Sprint(a) == fmt.Sprint(b)) == neg {
		ts.Fatalf("%s: %v in %s, %v in %s", args[0], a, args[1], b, args[2])
	}
}

// gz FILE writes FILE.gz.
func gz(ts *testscript.TestScript, _ bool, args []string) {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	_, err := io.WriteString(w, ts.ReadFile(args[0]))
	ts.Check(errors.Join(err, w.Close()))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".gz"), buf.Bytes(), 0o644))
}

// edit FILE OLD NEW replaces the one place where OLD is.
func edit(ts *testscript.TestScript, _ bool, args []string) {
	before := ts.ReadFile(args[0])
	if n := strings.Count(before, args[1]); n != 1 {
		ts.Fatalf("%s has %q %d times, want once", args[0], args[1], n)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(before, args[1], args[2], 1)), 0o644))
}

// drop FILE TEXT removes the lines with TEXT.
func drop(ts *testscript.TestScript, _ bool, args []string) {
	var left []string
	lines := strings.SplitAfter(ts.ReadFile(args[0]), "\n")
	for _, l := range lines {
		if !strings.Contains(l, args[1]) {
			left = append(left, l)
		}
	}
	if len(left) == len(lines) {
		ts.Fatalf("%s has no line with %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Join(left, "")), 0o644))
}

// cut FILE BYTES takes so many bytes off the end.
func cut(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), info.Size()-n))
}

// advisor CONFIG REPLY… starts an endpoint that gives these replies, status and
// text, and puts its address in place of ADDRESS in the file.
func advisor(ts *testscript.TestScript, _ bool, args []string) {
	var replies []advisortest.Reply
	for _, arg := range args[1:] {
		code, text, _ := strings.Cut(arg, " ")
		status, err := strconv.Atoi(code)
		ts.Check(err)
		if status == http.StatusOK {
			text = advisortest.Completion(text, "stop", 200, 30)
		}
		replies = append(replies, advisortest.Reply{Status: status, Body: text})
	}
	s := advisortest.New(replies...)
	ts.Defer(s.Close)
	edit(ts, false, []string{args[0], "ADDRESS", s.URL})
}

// shipped FILE writes a script that comes with the program.
func shipped(ts *testscript.TestScript, _ bool, args []string) {
	text, err := scripts.FS.ReadFile(args[0])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), text, 0o644))
}

// text FILE… wants files without control characters: no colours and no moving
// about where no terminal is.
func text(ts *testscript.TestScript, _ bool, args []string) {
	for _, file := range args {
		for n, line := range strings.Split(ts.ReadFile(file), "\n") {
			if i := strings.IndexFunc(line, func(r rune) bool { return r < ' ' && r != '\t' }); i >= 0 {
				ts.Fatalf("%s:%d: control character %q in %q", file, n+1, line[i], line)
			}
		}
	}
}

package cli

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/cli/manual"
	"github.com/perilune/perilune/scripts"
)

// block is a fenced block of a chapter: ```KIND ATTRIBUTE…
type block struct {
	chapter, kind string
	line          int
	attr          map[string]string
	lines         []string
}

// blocks are the fenced blocks of a chapter, and those that are only indented, which are
// of the kind "indented".
func blocks(c manual.Chapter) (out []block) {
	var open *block
	fence := ""
	for i, line := range strings.Split(c.Source, "\n") {
		trimmed := strings.TrimSpace(line)
		switch {
		case open != nil && fence != "" && trimmed == fence:
			out, open, fence = append(out, *open), nil, ""
		case fence != "":
			open.lines = append(open.lines, line)
		case strings.HasPrefix(trimmed, "```"):
			if open != nil {
				out = append(out, *open)
			}
			info := append(strings.Fields(strings.TrimLeft(trimmed, "`")), "text")
			open, fence = &block{c.Name, info[0], i + 1, map[string]string{}, nil}, "```"
			for _, a := range info[1:] {
				k, v, _ := strings.Cut(a, "=")
				open.attr[k] = v
			}
		case strings.HasPrefix(line, "    "):
			if open == nil {
				open = &block{c.Name, "indented", i + 1, nil, nil}
			}
			open.lines = append(open.lines, strings.TrimPrefix(line, "    "))
		case open != nil && trimmed != "":
			out, open = append(out, *open), nil
		}
	}
	if open != nil {
		out = append(out, *open)
	}
	return out
}

// Every example of the manual is run as it stands, by chapter, in an empty directory with
// the scripts that come with the program: what is shown under a command must come, line
// after line, where … stands for anything. ^C is pressed where it stands, & starts a
// command that goes on to the end of the chapter, exit=N is how the last one ends.
// Blocks with a file are the files that the examples read.
func TestManual(t *testing.T) {
	for _, c := range chapters() {
		t.Run(c.Name, func(t *testing.T) {
			list := blocks(c)
			dir := t.TempDir()
			if err := os.CopyFS(filepath.Join(dir, "scripts"), scripts.FS); err != nil {
				t.Fatal(err)
			}
			for _, b := range list {
				if name := b.attr["file"]; name != "" {
					path := filepath.Join(dir, name)
					if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(path, []byte(strings.Join(b.lines, "\n")+"\n"), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				if b.kind == "console" {
					b.run(t, dir)
				}
			}
		})
	}
}

// run runs the commands of a block.
func (b block) run(t *testing.T, dir string) {
	t.Helper()
	for i := 0; i < len(b.lines); {
		command, ok := strings.CutPrefix(b.lines[i], "$ ")
		if !ok {
			t.Fatalf("%s.md:%d: %q: want a command, as in $ perilune …", b.chapter, b.line+1+i, b.lines[i])
		}
		at := b.line + 1 + i
		for i++; strings.HasSuffix(command, `\`); i++ {
			command = strings.TrimSuffix(command, `\`) + b.lines[i]
		}
		var shown []string
		for ; i < len(b.lines) && !strings.HasPrefix(b.lines[i], "$ "); i++ {
			shown = append(shown, b.lines[i])
		}
		want := 0
		if i == len(b.lines) && b.attr["exit"] != "" {
			fmt.Sscan(b.attr["exit"], &want)
		}
		b.command(t, dir, at, command, shown, want)
	}
}

// command runs one and follows what it says on both outputs.
func (b block) command(t *testing.T, dir string, at int, line string, shown []string, want int) {
	t.Helper()
	line, _, _ = strings.Cut(line, "  #")
	line, background := strings.CutSuffix(strings.TrimSpace(line), " &")
	args := strings.Fields(line)
	if args[0] != "perilune" {
		t.Fatalf("%s.md:%d: %q is no command of perilune", b.chapter, at, line)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "perilune", args[1:]...)
	cmd.Dir = dir
	out := &follower{wake: make(chan struct{}, 1)}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	for _, s := range shown {
		if s == "^C" {
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if !out.await(s, ended) {
			t.Fatalf("%s.md:%d: %s\nwant the line %q, in its place in\n%s", b.chapter, at, line, s, out)
		}
	}
	if background {
		return
	}
	<-ended
	if got := cmd.ProcessState.ExitCode(); got != want {
		t.Fatalf("%s.md:%d: %s: exit code %d, want %d\n%s", b.chapter, at, line, got, want, out)
	}
}

// follower collects what is written and is read along with it.
type follower struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	seen int // bytes that lines were found in
	wake chan struct{}
}

func (f *follower) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
	return f.buf.Write(p)
}

func (f *follower) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.buf.String()
}

// await waits for a line like that after those that were found before, and gives up when
// the command has ended without it.
func (f *follower) await(shown string, ended <-chan struct{}) bool {
	var parts []string
	for _, p := range strings.Split(strings.TrimSpace(shown), "…") {
		parts = append(parts, regexp.QuoteMeta(p))
	}
	match := regexp.MustCompile(`^\s*` + strings.Join(parts, ".*") + `\s*$`)
	for {
		over := false
		select {
		case <-ended:
			over = true
		default:
		}
		if strings.TrimSpace(shown) == "…" || f.find(match) {
			return true
		}
		if over {
			return false
		}
		select {
		case <-f.wake:
		case <-ended:
		}
	}
}

func (f *follower) find(match *regexp.Regexp) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := f.seen
	lines := bufio.NewReader(bytes.NewReader(f.buf.Bytes()[at:]))
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return false // what has no end yet is not a line
		}
		at += len(line)
		if match.MatchString(strings.TrimRight(line, "\r\n")) {
			f.seen = at
			return true
		}
	}
}

var (
	inlineCommand = regexp.MustCompile("`perilune ([^`]+)`")
	flagName      = regexp.MustCompile(`(^|\s)--([a-z][a-z-]*)`)
)

// What the manual says of commands and their flags there is, also where no example runs
// it: because it needs a venue, a key or data.
func TestManualFlags(t *testing.T) {
	for _, c := range chapters() {
		var commands []string
		for _, m := range inlineCommand.FindAllStringSubmatch(c.Source, -1) {
			commands = append(commands, m[1])
		}
		for _, b := range blocks(c) {
			text := strings.ReplaceAll(strings.Join(b.lines, "\n"), "\\\n", " ")
			for _, line := range strings.Split(text, "\n") {
				if rest, ok := strings.CutPrefix(strings.TrimPrefix(strings.TrimSpace(line), "$ "), "perilune "); ok {
					commands = append(commands, rest)
				}
			}
		}
		for _, command := range commands {
			checkCommand(t, c.Name, command)
		}
	}
}

func checkCommand(t *testing.T, chapter, command string) {
	t.Helper()
	words := strings.Fields(command)
	if strings.ToUpper(words[0]) == words[0] {
		return // a placeholder, or flags of any command
	}
	known := false
	for _, v := range verbs() {
		known = known || v.name == words[0]
	}
	if !known {
		t.Errorf("%s.md: perilune %s: there is no command %q", chapter, command, words[0])
		return
	}
	f := flagsOf(words[:1]...)
	if f == nil && len(words) > 1 {
		f = flagsOf(words[0], words[1])
	}
	for _, m := range flagName.FindAllStringSubmatch(command, -1) {
		if f == nil || f.Lookup(m[2]) == nil && m[2] != "help" {
			t.Errorf("%s.md: perilune %s: there is no flag --%s", chapter, command, m[2])
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// Links lead somewhere: to a chapter and a heading in it, or to a page.
func TestManualLinks(t *testing.T) {
	for _, c := range chapters() {
		if c.Title == "" || c.Summary == "" {
			t.Errorf("%s.md: want a heading, and under it a paragraph that says what the chapter is of", c.Name)
		}
		for _, m := range link.FindAllStringSubmatch(c.Source, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			file, anchor, _ := strings.Cut(m[1], "#")
			to := c
			if file != "" {
				var ok bool
				if to, ok = manual.Find(chapters(), strings.TrimSuffix(file, ".md")); !ok {
					t.Errorf("%s.md: link to %s: there is no such chapter", c.Name, m[1])
					continue
				}
			}
			if anchor != "" && !hasAnchor(to, anchor) {
				t.Errorf("%s.md: link to %s: %s.md has no such heading", c.Name, m[1], to.Name)
			}
		}
	}
}

func hasAnchor(c manual.Chapter, anchor string) bool {
	drop := regexp.MustCompile(`[^\p{L}\p{N} -]`)
	for _, s := range c.Sections() {
		if strings.ReplaceAll(drop.ReplaceAllString(strings.ToLower(s.Title), ""), " ", "-") == anchor {
			return true
		}
	}
	return false
}

var environment = regexp.MustCompile(`"env:([A-Z_]+)"`)

// What the manual says to write into a configuration file is taken from one.
func TestManualConfigurations(t *testing.T) {
	for _, c := range manual.Chapters() {
		for _, b := range blocks(c) {
			if b.kind != "toml" {
				continue
			}
			text := strings.Join(b.lines, "\n")
			for _, m := range environment.FindAllStringSubmatch(text, -1) {
				t.Setenv(m[1], "https://example.org/12345")
			}
			path := filepath.Join(t.TempDir(), "perilune.toml")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := new(host.Options).LoadConfig(path); err != nil {
				t.Errorf("%s.md:%d: %v", c.Name, b.line, err)
			}
		}
	}
}

// The table of exit codes has each that there is, and none that there is not.
func TestManualExitCodes(t *testing.T) {
	codes := []int{ExitOK, ExitFailure, ExitUsage, ExitConfig, ExitScript, ExitStrategy, ExitTest, ExitCondition, ExitData, ExitDivergence,
		ExitHalted, ExitAccount, ExitLedger, ExitDiskFull, ExitLocked, ExitStalled, ExitKilled}
	c, _ := manual.Find(chapters(), "exit-codes")
	var rows []int
	for _, m := range regexp.MustCompile(`(?m)^\| (\d+) \|`).FindAllStringSubmatch(c.Source, -1) {
		var n int
		fmt.Sscan(m[1], &n)
		rows = append(rows, n)
	}
	if fmt.Sprint(rows) != fmt.Sprint(codes) {
		t.Errorf("exit-codes.md has %v, the program %v", rows, codes)
	}
}

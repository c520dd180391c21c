package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/trial"
	"github.com/perilune/perilune/ledger"
)

// completeVerb is what the shells' completions call. It is in no table: people don't.
const completeVerb = "__complete"

// candidate is a word that may stand where the cursor is. One that ends with / or = is
// gone on with.
type candidate struct{ word, about string }

// complete prints what may come next, a word and what it is on each line. args are the
// words before the cursor, and the one that it stands in behind a =, so that an empty one
// reaches us from every shell.
func complete(out io.Writer, args []string) {
	if len(args) == 0 || !strings.HasPrefix(args[len(args)-1], "=") {
		return
	}
	before, current := args[:len(args)-1], args[len(args)-1][1:]
	for _, c := range candidates(before, current) {
		if strings.HasPrefix(c.word, current) && !strings.ContainsAny(c.word+c.about, "\t\n") {
			fmt.Fprintf(out, "%s\t%s\n", c.word, c.about)
		}
	}
}

func candidates(before []string, current string) []candidate {
	if len(before) == 0 || len(before) == 1 && before[0] == "help" {
		return commandWords()
	}
	subs := subcommands(before[0])
	if len(before) == 1 && len(subs) > 0 {
		return bare(subs)
	}
	words := before[:1]
	if len(before) > 1 && slices.Contains(subs, before[1]) {
		words = before[:2]
	}
	f := flagsOf(words...)
	if f == nil {
		return nil
	}
	// What parses is taken for what a value is asked about, such as the parameters of
	// the script that stands before it; what does not, is what is being written.
	args := before[len(words):]
	if flag := valueFor(f, args); flag != nil {
		_ = f.Parse(args[:len(args)-1])
		return valuesOf(f, flag.Name, current)
	}
	_ = f.Parse(args)
	if name, value, ok := strings.Cut(strings.TrimPrefix(current, "--"), "="); ok && strings.HasPrefix(current, "--") {
		var out []candidate
		for _, c := range valuesOf(f, name, value) {
			out = append(out, candidate{"--" + name + "=" + c.word, c.about})
		}
		return out
	}
	if strings.HasPrefix(current, "-") {
		return flagWords(f)
	}
	return argumentsOf(words, current)
}

func commandWords() (out []candidate) {
	for _, v := range verbs() {
		out = append(out, candidate{v.name, v.short})
	}
	return append(out, candidate{"help", "the flags of a command"})
}

var alternatives = regexp.MustCompile(`^[a-z-]+(\|[a-z-]+)+`)

// subcommands are the words that a verb's usage says it takes one of, as in verify|backup.
func subcommands(name string) []string {
	for _, v := range verbs() {
		if v.name == name {
			if list := alternatives.FindString(v.usage); list != "" {
				return strings.Split(list, "|")
			}
		}
	}
	return nil
}

// flagsOf are the flags of a verb, by the words of it: run, or data verify.
func flagsOf(words ...string) (found *pflag.FlagSet) {
	e := &env{in: strings.NewReader(""), out: io.Discard, err: io.Discard, defined: func(f *pflag.FlagSet) { found = f }}
	for _, v := range verbs() {
		if v.name == words[0] {
			_ = v.run(context.Background(), e, append(slices.Clone(words[1:]), "--help"))
		}
	}
	return found
}

// valueFor is the flag whose value the current word is, when the last word before it is a
// flag that takes one.
func valueFor(f *pflag.FlagSet, args []string) *pflag.Flag {
	if len(args) == 0 || strings.Contains(args[len(args)-1], "=") {
		return nil
	}
	name, ok := strings.CutPrefix(args[len(args)-1], "--")
	if !ok {
		return nil
	}
	flag := f.Lookup(name)
	if flag == nil || flag.NoOptDefVal != "" {
		return nil
	}
	return flag
}

func flagWords(f *pflag.FlagSet) (out []candidate) {
	f.VisitAll(func(flag *pflag.Flag) {
		if !flag.Hidden && (!flag.Changed || strings.HasSuffix(flag.Value.Type(), "Array")) {
			out = append(out, candidate{"--" + flag.Name, flag.Usage})
		}
	})
	return out
}

// valuesOf are the values of a flag, by its name: it means the same in every verb.
func valuesOf(f *pflag.FlagSet, name, current string) []candidate {
	switch name {
	case "db":
		return paths(current, ".db")
	case "config", "write-config":
		return paths(current, ".toml")
	case "report":
		return paths(current, ".html")
	case "curve":
		return paths(current, ".json")
	case "data", "out", "journal", "prices", "man", "archive", "to":
		return paths(current, "")
	case "market":
		return append(bare([]string{"synth", "live"}), paths(current, "")...)
	case "venues":
		return listed(current, houseNames())
	case "symbols", "symbol":
		return listed(current, symbolNames(f))
	case "strategy", "session":
		return bare(inLedger(f, name))
	case "set":
		return parameters(f.Args())
	case "queue":
		return bare([]string{"risk_averse", "log", "power:"})
	case "speed":
		return bare([]string{"max"})
	}
	return nil
}

// argumentsOf are what stands behind a verb beside flags.
func argumentsOf(words []string, current string) []candidate {
	switch strings.Join(words, " ") {
	case "run", "backtest":
		return slices.DeleteFunc(paths(current, ".lua"), func(c candidate) bool { return trial.IsTest(c.word) })
	case "check", "test":
		return paths(current, ".lua")
	case "study":
		return append(paths(current, ".lua"), paths(current, ".toml")...)
	case "docs":
		var out []candidate
		for _, c := range chapters() {
			out = append(out, candidate{c.Name, c.Title})
		}
		return out
	case "new":
		return nil
	}
	return paths(current, "*")
}

// paths are the files with that ending that begin with what is written, and the
// directories on the way to them. Without an ending there are directories alone.
func paths(current, ending string) (out []candidate) {
	dir, name := "", current
	if i := strings.LastIndex(current, "/"); i >= 0 {
		dir, name = current[:i+1], current[i+1:]
	}
	list, _ := os.ReadDir(filepath.Clean("./" + dir))
	if strings.HasPrefix(dir, "/") {
		list, _ = os.ReadDir(dir)
	}
	for _, f := range list {
		if strings.HasPrefix(f.Name(), ".") && !strings.HasPrefix(name, ".") {
			continue
		}
		if info, err := os.Stat(dir + f.Name()); err == nil && info.IsDir() {
			out = append(out, candidate{dir + f.Name() + "/", "directory"})
		} else if ending == "*" || ending != "" && strings.HasSuffix(f.Name(), ending) {
			out = append(out, candidate{dir + f.Name(), ""})
		}
	}
	return out
}

func bare(list []string) (out []candidate) {
	for _, s := range list {
		out = append(out, candidate{word: s})
	}
	return out
}

// listed are values of a list with commas: what is before the last one stays.
func listed(current string, values []string) (out []candidate) {
	before := current[:strings.LastIndex(current, ",")+1]
	given := strings.Split(before, ",")
	for _, v := range values {
		if !slices.Contains(given, v) {
			out = append(out, candidate{word: before + v})
		}
	}
	return out
}

func houseNames() (out []string) {
	for _, c := range host.Venues() {
		out = append(out, c.House())
	}
	return out
}

// symbolNames are those of the ledger that is named, or of the built-in market, which has
// the symbols of the venue that it resembles.
func symbolNames(f *pflag.FlagSet) []string {
	if list := inLedger(f, "symbol"); len(list) > 0 {
		return list
	}
	market, err := synth.New(synth.Options{})
	if err != nil {
		return nil
	}
	var out []string
	for _, in := range market.Universe().All() {
		out = append(out, in.Key())
	}
	return out
}

// inLedger are names in the ledger that --db names; none where there is no such file.
func inLedger(f *pflag.FlagSet, what string) []string {
	flag := f.Lookup("db")
	if flag == nil {
		return nil
	}
	if _, err := os.Stat(flag.Value.String()); err != nil {
		return nil
	}
	db, err := ledger.Open(ledger.Options{Path: flag.Value.String(), ReadOnly: true})
	if err != nil {
		return nil
	}
	defer db.Close()
	var out []string
	switch what {
	case "strategy":
		out, _ = db.Strategies()
	case "symbol":
		out, _ = db.Symbols()
	case "session":
		sessions, _ := db.Sessions()
		for _, s := range sessions {
			out = append(out, s.Account)
		}
	}
	return out
}

// parameters are those of the scripts on the command line, ready for a value.
func parameters(scripts []string) (out []candidate) {
	if len(scripts) == 0 {
		scripts = []string{defaultScript}
	}
	for _, path := range scripts {
		for _, p := range host.Check(path, nil).Params {
			out = append(out, candidate{p.Name + "=", p.Doc})
		}
	}
	return out
}

// completionVerb prints the completion of a shell.
func completionVerb(_ context.Context, e *env, args []string) error {
	f := e.flags("completion", "bash|zsh|fish|powershell", "perilune completion bash > /etc/bash_completion.d/perilune")
	if err := parse(f, args); err != nil {
		return err
	}
	if f.NArg() != 1 {
		return fail(ExitUsage, "want one shell: bash, zsh, fish or powershell")
	}
	text, ok := shells[f.Arg(0)]
	if !ok {
		return fail(ExitUsage, "shell %q: want bash, zsh, fish or powershell", f.Arg(0))
	}
	_, err := io.WriteString(e.out, text)
	return err
}

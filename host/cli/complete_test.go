package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/host"
)

// completed are the words that may stand where the line ends.
func completed(line string) string {
	words := strings.Split(line, " ")
	words[len(words)-1] = "=" + words[len(words)-1]
	var out bytes.Buffer
	complete(&out, words)
	var list []string
	for _, l := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		word, _, _ := strings.Cut(l, "\t")
		list = append(list, word)
	}
	return strings.Join(list, " ")
}

// inDirectory puts the test into one with a strategy, a ledger and a folder.
func inDirectory(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	if _, err := host.Scaffold(".", "hello"); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	code := Main([]string{"run", "strategies/hello.lua", "--for", "1m", "--speed", "max", "--db", "mine.db", "--journal", "off"}, nil, &out, &errs)
	if code != ExitOK {
		t.Fatal(errs.String())
	}
	if err := os.WriteFile("perilune.toml", nil, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestComplete(t *testing.T) {
	inDirectory(t)
	for line, want := range map[string]string{
		"ba":                                    "backtest",
		"help back":                             "backtest",
		"run ":                                  "strategies/",
		"run strategies/h":                      "strategies/hello.lua",
		"run --db ":                             "mine.db strategies/",
		"run --db=m":                            "--db=mine.db",
		"run --config per":                      "perilune.toml",
		"run strategies/hello.lua --set ":       "notional=",
		"run strategies/hello.lua --journal-":   "--journal-cap",
		"ledger ":                               "verify backup restore export",
		"ledger restore p":                      "perilune.toml",
		"data verify --mark":                    "--market",
		"data no --mark":                        "",
		"fills --db mine.db --strategy ":        "hello",
		"fills --db mine.db --session ":         "paper-1",
		"fills --symbol spot:BTC":               "spot:BTCUSDT",
		"record --symbols spot:BTCUSDT,spot:BN": "spot:BTCUSDT,spot:BNBUSDT",
		"new ":                                  "",
		"unknown ":                              "",
		"docs getting":                          "getting-started",
	} {
		if got := completed(line); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
	all := strings.Fields(completed(""))
	if len(all) != len(verbs())+1 {
		t.Errorf("first words are %v, want every command and help", all)
	}
}

// The completions of the shells that this machine has are tried in them.
func TestCompletionInShells(t *testing.T) {
	inDirectory(t)
	for shell, try := range map[string]struct{ script, want string }{
		"bash": {`source perilune.bash
			for line in "perilune backt" "perilune fills --symbol spot:BTC" "perilune run --db=m"; do
				COMP_LINE=$line COMP_POINT=${#line}; _perilune; echo "${COMPREPLY[*]}"; done`, "backtest\nBTCUSDT\nmine.db\n"},
		"fish": {`source perilune.fish
			for line in "perilune backt" "perilune fills --symbol spot:BTC" "perilune run --db m"; complete -C $line | string replace -r "\t.*" ""; end; true`,
			"backtest\nspot:BTCUSDT\nmine.db\n"},
		"zsh": {"compdef() { echo $2; }; source perilune.zsh", "perilune\n"},
	} {
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("there is no %s here to try", shell)
			continue
		}
		if err := os.WriteFile(filepath.Join(".", "perilune."+shell), []byte(shells[shell]), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(path, "-c", try.script)
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
		out, err := cmd.CombinedOutput()
		if err != nil || string(out) != try.want {
			t.Errorf("%s: %v, %q, want %q", shell, err, out, try.want)
		}
	}
	for shell, text := range shells {
		if !strings.Contains(text, "perilune __complete") && !strings.Contains(text, " "+completeVerb+" ") {
			t.Errorf("%s does not ask perilune", shell)
		}
	}
}

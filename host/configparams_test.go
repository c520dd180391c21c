package host_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host"
)

const paramScript = `
local M = { name = "p" }
M.params = {
  coins = { type = "list", default = { "BTC" } }, sizes = { type = "list", default = { 1 } }, any = { type = "list", default = {} },
  n = { default = 1 }, whole = { type = "integer", default = 1 }, on = { default = true }, word = { default = "x" },
  mode = { type = "choice", choices = { "a", "b" }, default = "a" },
}
M.universe = { "spot:BTCUSDT" }
function M.on_start()
  local p = params
  log.info(string.format("coins=%s/%d sizes=%s any=%d n=%g whole=%d on=%s word=%s mode=%s", table.concat(p.coins, ";"), #p.coins,
    table.concat(p.sizes, ";"), #p.any, p.n, p.whole, tostring(p.on), p.word, p.mode))
  timer.every("t", "1m")
end
function M.on_timer() end
return M
`

// withParams runs the script for a moment with a configuration and settings, and
// returns what it logged of its parameters.
func withParams(t *testing.T, config string, set map[string]string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	script, file := filepath.Join(dir, "p.lua"), filepath.Join(dir, "c.toml")
	for path, text := range map[string]string{script: paramScript, file: config} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	logged := ""
	o := &host.Options{Scripts: []string{script}, DB: filepath.Join(dir, "x.db"), Journal: "off", For: exchange.Minute, Set: set,
		Log: func(l host.Line) {
			if strings.HasPrefix(l.Text, "coins=") {
				logged = l.Text
			}
		}}
	if err := o.LoadConfig(file); err != nil {
		return "", err
	}
	_, err := host.Run(context.Background(), o)
	return logged, err
}

// TestParametersKeepTheirTypeFromTheFile: an array stays an array, in all spellings
// of TOML, and a flag wins over it.
func TestParametersKeepTheirTypeFromTheFile(t *testing.T) {
	const rest = " n=1 whole=1 on=true word=x mode=a"
	for _, c := range []struct {
		config string
		set    map[string]string
		want   string
	}{
		{`coins = ["LINK", "BTC"]`, nil, "coins=LINK;BTC/2 sizes=1 any=0" + rest},
		{"coins = [\n  \"LINK\", # the first\n  'BTC',\n]", nil, "coins=LINK;BTC/2 sizes=1 any=0" + rest},
		{`coins = ["LINK"]`, nil, "coins=LINK/1 sizes=1 any=0" + rest},
		{`coins = []`, nil, "coins=/0 sizes=1 any=0" + rest},
		{`coins = ["A,B", "[C]", "D\"E"]`, nil, `coins=A,B;[C];D"E/3 sizes=1 any=0` + rest},
		{`coins = "LINK,BTC"`, nil, "coins=LINK;BTC/2 sizes=1 any=0" + rest},
		{"sizes = [1, 2.5, 1e-3]\nany = [\"a\", 'b']", nil, "coins=BTC/1 sizes=1;2.5;0.001 any=2" + rest},
		{"n = 1_000\nwhole = 0x10\non = false\nword = \"y z\"\nmode = \"b\"", nil, "coins=BTC/1 sizes=1 any=0 n=1000 whole=16 on=false word=y z mode=b"},
		{"n = \"2.5\"\non = \"false\"", nil, "coins=BTC/1 sizes=1 any=0 n=2.5 whole=1 on=false word=x mode=a"},
		{`coins = ["LINK"]`, map[string]string{"p.coins": "ETH,XRP"}, "coins=ETH;XRP/2 sizes=1 any=0" + rest},
		{`coins = ["LINK"]`, map[string]string{"coins": `["E,TH"]`}, "coins=E,TH/1 sizes=1 any=0" + rest},
	} {
		got, err := withParams(t, "version = 1\n[params.p]\n"+c.config+"\n", c.set)
		if err != nil || got != c.want {
			t.Errorf("%s\ngot  %s %v\nwant %s", c.config, got, err, c.want)
		}
	}
	if got, err := withParams(t, "version = 1\nparams.p.coins = [\"LINK\", \"BTC\"]\n", nil); err != nil || !strings.HasPrefix(got, "coins=LINK;BTC/2") {
		t.Errorf("a dotted key: %q, %v", got, err)
	}
}

// TestParametersOfTheFileAreRefusedWithTheirPlace: file, line, field and value.
func TestParametersOfTheFileAreRefusedWithTheirPlace(t *testing.T) {
	for config, want := range map[string]string{
		"word = [\"a\"]":                     `c.toml:3: parameter word of p: it is a list there: want a string`,
		"\n\nword = 5":                       `c.toml:5: parameter word of p: it is a number there: want a string`,
		"mode = true":                        `c.toml:3: parameter mode of p: it is a boolean there: want a choice`,
		"mode = \"c\"":                       `c.toml:3: parameter mode of p: want one of a, b, got "c"`,
		"on = 1":                             `c.toml:3: parameter on of p: it is a number there: want a boolean`,
		"n = [1]":                            `c.toml:3: parameter n of p: it is a list there: want a number`,
		"n = true":                           `it is a boolean there: want a number`,
		"n = nan":                            `c.toml:3: params.p.n: NaN: want a finite number`,
		"n = \"many\"":                       `c.toml:3: parameter n of p: want a finite number, got many`,
		"whole = 1.5":                        `c.toml:3: parameter whole of p: want a whole number, got 1.5`,
		"coins = true":                       `it is a boolean there: want a list`,
		"coins = 5":                          `it is a number there: want a list`,
		"coins = [[\"a\"]]":                  `c.toml:3: params.p.coins: element 1 is a list: want numbers or texts`,
		"coins = [true]":                     `element 1 is a boolean: want numbers or texts`,
		"coins = [{a = 1}]":                  `params.p.coins: element 1: it is a table`,
		"coins = [1]":                        `c.toml:3: parameter coins of p: element 1: want a string, got 1`,
		"sizes = [\"x\"]":                    `element 1: want a finite number, got x`,
		"coins = [2024-01-01]":               `element 1: 2024-01-01`,
		"n = 2024-01-01T00:00:00Z":           `is a date or time: write it as text, in quotes`,
		"n = 10:00:00":                       `is a date or time`,
		"n = { a = 1 }":                      `c.toml:3: params.p.n: it is a table: want a number`,
		"[params.p.n]\na = 1":                `c.toml:3: params.p.n: it is a table`,
		"coin = [\"LINK\"]":                  `c.toml:3: parameter "p.coin": no strategy has it; did you mean "coins"?`,
		"coins = [\"a\"\nn = 1":              `c.toml:`,
		"[paper]\nlevrage = 3":               `c.toml:4: unknown key "paper.levrage"; did you mean "leverage"?`,
		"[venue.binance]\nrest_spots = \"\"": `c.toml:4: unknown key "venue.binance.rest_spots"; did you mean "rest_spot"?`,
		"[papers]\nleverage = 3":             `c.toml:3: unknown key "papers`,
		"[paper]\nleverage = \"x\"":          `c.toml: toml: line 4 (last key "paper.leverage"): incompatible types`,
	} {
		_, err := withParams(t, "version = 1\n[params.p]\n"+config+"\n", nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", config, err, want)
		}
	}
}

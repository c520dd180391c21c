package trial_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/perilune/perilune/host/trial"
)

var update = flag.Bool("update", false, "rewrite scripts/types/testing.lua and what testdata expects")

func run(t *testing.T, o trial.Options) *trial.Report {
	t.Helper()
	r, err := trial.Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// golden compares text with a file, and with -update writes it.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != got {
		t.Errorf("%s is not what comes (%v): look at the difference after go test ./host/trial -update", path, err)
	}
}

var times = regexp.MustCompile(`in \d+\.\d\d s| \(\d+\.\d s\)`)

// console is what a person reads of a run, without how long it took.
func console(t *testing.T, o trial.Options) (string, *trial.Report) {
	t.Helper()
	var b bytes.Buffer
	c := &trial.Console{W: &b}
	o.Done = c.Test
	r := run(t, o)
	c.Summary(r)
	return strings.ReplaceAll(times.ReplaceAllString(b.String(), ""), "\\", "/"), r
}

// The tests in testdata/pass use all that a test can use, and hold; those of the line counts too.
func TestWhatATestCanUse(t *testing.T) {
	text, r := console(t, trial.Options{Paths: []string{"testdata/pass"}, Cover: true})
	if !r.OK() || r.Passed == 0 || r.Skipped != 1 {
		t.Fatal(text)
	}
	if r.Coverage.Percent != 100 || r.Coverage.Lines == 0 {
		t.Errorf("%.1f %% of %d lines ran", r.Coverage.Percent, r.Coverage.Lines)
	}
}

// Every kind of failure, as a person reads it.
func TestWhatFailuresLookLike(t *testing.T) {
	text, _ := console(t, trial.Options{Paths: []string{"testdata/fail"}})
	golden(t, "testdata/fail.txt", text)
}

// The same seed gives the same values to forall, and another one others.
func TestTheSeedDecides(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "seed_test.lua")
	code := `it("tells", function() local all = "" forall({ runs = 3 }, gen.integer(0, 1e6), function(n) all = all .. n .. " " end) expect(all):to_be("") end)`
	if err := os.WriteFile(path, []byte(code), 0o644); err != nil {
		t.Fatal(err)
	}
	message := func(seed uint64) string {
		return run(t, trial.Options{Paths: []string{dir}, Seed: seed}).Files[0].Tests[0].Failure.Message
	}
	if message(1) != message(1) || message(1) == message(2) {
		t.Errorf("seed 1: %s, again: %s, seed 2: %s", message(1), message(1), message(2))
	}
}

func TestNamesThatAreChosen(t *testing.T) {
	r := run(t, trial.Options{Paths: []string{"testdata/pass"}, Run: regexp.MustCompile("^properties > hold")})
	if r.Passed != 1 || r.Failed+r.Skipped != 0 {
		t.Errorf("%d passed, %d failed, %d skipped", r.Passed, r.Failed, r.Skipped)
	}
}

// Programs read a report as well as people do.
func TestFormsOfAReport(t *testing.T) {
	o := trial.Options{Paths: []string{"testdata/fail/wrong_test.lua", "testdata/fail/syntax_test.lua", "testdata/pass/tests"}, Cover: true, Run: regexp.MustCompile("names the values|hold|finds")}
	r := run(t, o)
	var tap, junit, lcov, page bytes.Buffer
	for _, err := range []error{trial.TAP(&tap, r), trial.JUnit(&junit, r), trial.LCOV(&lcov, r.Coverage), trial.CoverHTML(&page, r.Coverage)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var doc struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Cases    []struct {
			Name string `xml:"name,attr"`
		} `xml:"testsuite>testcase"`
	}
	if err := xml.Unmarshal(junit.Bytes(), &doc); err != nil || doc.Failures != 1 || doc.Errors != 1 || len(doc.Cases) != doc.Tests {
		t.Errorf("JUnit: %+v, %v\n%s", doc, err, junit.String())
	}
	raw, err := json.Marshal(r)
	if err != nil || !bytes.Contains(raw, []byte(`"message":"want 3, got 2"`)) {
		t.Errorf("JSON: %s, %v", raw, err)
	}
	for what, pair := range map[string][2]string{
		"TAP":  {tap.String(), "not ok 2 - testdata/fail/wrong_test.lua: a failure > names the values"},
		"plan": {tap.String(), "\n1..6\n"},
		"skip": {tap.String(), "# SKIP nobody knows yet"},
		"lcov": {lcov.String(), "SF:testdata/pass/probe.lua\nDA:2,1\n"},
		"html": {page.String(), `<span class="not">`},
		"text": {page.String(), "function M.on_stop()"},
	} {
		if !strings.Contains(filepath.ToSlash(pair[0]), pair[1]) {
			t.Errorf("%s: no %q in\n%s", what, pair[1], pair[0])
		}
	}
}

func TestFilesThatAreChecked(t *testing.T) {
	if got := trial.Check("testdata/pass/probe_test.lua"); len(got) != 0 {
		t.Error(got)
	}
	if got := trial.Check("testdata/fail/syntax_test.lua"); len(got) != 1 || !strings.Contains(filepath.ToSlash(got[0]), "testdata/fail/syntax_test.lua:1: syntax error") {
		t.Error(got)
	}
}

func TestLinesAreToldAsRanges(t *testing.T) {
	if got := trial.Ranges([]int{1, 3, 4, 5, 9, 10}); got != "1, 3-5, 9-10" {
		t.Error(got)
	}
}

// TestStubIsFresh keeps what editors read equal to the specifications.
func TestStubIsFresh(t *testing.T) {
	golden(t, "../../scripts/types/testing.lua", trial.Stub().Text)
}

// The tests that come with the strategies hold, and run nearly all of their lines: people learn
// from both.
func TestStrategiesThatComeWithTheProgram(t *testing.T) {
	text, r := console(t, trial.Options{Paths: []string{"../../scripts"}, Cover: true})
	if !r.OK() || r.Passed == 0 {
		t.Fatal(text)
	}
	for _, f := range r.Coverage.Files {
		if f.Percent < 90 {
			t.Errorf("%s: %.1f %% of its lines ran; not %s", f.Path, f.Percent, trial.Ranges(f.Uncovered))
		}
	}
}

// What is done in Go for a test is bounded as its Lua is: nothing of it is long or large.
func TestWhatIsDoneForATestIsBounded(t *testing.T) {
	const ends, many = "it was stopped after 20000000 instructions", "more than 10000 choices"
	const deep = `local a, b = { 1 }, { 1 } for i = 1, 60 do a, b = { a, a }, { b, b } end `
	for body, want := range map[string]string{
		`forall(gen.list(gen.list(gen.list(gen.number(0, 1), 1000, 1000), 1000, 1000), 1000, 1000), function() end)`:                        many,
		`forall(gen.list(gen.list(gen.list(gen.table {}, 1000, 1000), 1000, 1000), 1000, 1000), function() end)`:                            many,
		`local g = gen.boolean() for i = 1, 1e5 do g = gen.table { a = g } end forall(g, function() end)`:                                   many,
		`forall({ runs = 10000 }, gen.list(gen.boolean(), 999, 999), gen.boolean(), function() end)`:                                        ends,
		`forall(gen.list(gen.integer(0, 1e6), 1000, 1000), gen.list(gen.integer(0, 1e6), 1000, 1000), function(a) expect(#a):to_be(1) end)`: "does not hold",
		deep + `expect(a):to_equal(b)`:          ends,
		deep + `expect(a):to_have(b)`:           ends,
		deep + `expect({ a, a }):to_contain(b)`: ends,
		`local s = string.rep("a", 1e6) for i = 1, 1e6 do expect(s):to_match("(a|aa|aaa){1,200}$") end`:                                    ends,
		`local s = string.rep("a", 1e6) while true do expect(s):to_be(s) end`:                                                              ends,
		`local kept = {} for i = 1, 1e6 do kept[i] = expect(string.rep(i, 1e5)) end`:                                                       "holds",
		`local kept = {} for i = 1, 1e6 do kept[i] = gen.choice { string.rep(i, 1e5) } end`:                                                "holds",
		`local s, t = strategy("calm.lua"), { 1 } for i = 1, 7 do local u = {} for j = 1, 1000 do u[j] = t end t = u end s:signal("x", t)`: "more than 131072 values",
		`strategy("calm.lua") for i = 1, 1e6 do venue.reject { count = 1000 } end`:                                                         "planned to go wrong",
	} {
		dir := t.TempDir()
		code := map[string]string{"calm.lua": `return { name = "calm", on_start = function() end }`, "calm_test.lua": `it("ends", function() ` + body + ` end)`}
		for name, text := range code {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		r := run(t, trial.Options{Paths: []string{dir}, Timeout: time.Hour})
		if f := r.Files[0]; f.Problem != "" || f.Tests[0].Failure == nil || !strings.Contains(f.Tests[0].Failure.Message, want) {
			t.Errorf("%s: %s %+v, want %q", body, f.Problem, f.Tests, want)
			for _, x := range f.Tests {
				t.Logf("%+v", x.Failure)
			}
		}
	}
}

// Functions that a file declares count towards its memory.
func TestDeclaredFunctionsCount(t *testing.T) {
	path := filepath.Join(t.TempDir(), "many_test.lua")
	code := `for i = 1, 1000 do local s = string.rep(i, 3e5) it("n" .. i, function() return s end) end`
	if err := os.WriteFile(path, []byte(code), 0o644); err != nil {
		t.Fatal(err)
	}
	if r := run(t, trial.Options{Paths: []string{path}}); !strings.Contains(r.Files[0].Problem, "MiB are allowed") {
		t.Errorf("problem %q, %d tests", r.Files[0].Problem, len(r.Files[0].Tests))
	}
}

// Whoever has no time left need not wait for a test to end by itself.
func TestARunIsGivenUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "long_test.lua")
	if err := os.WriteFile(path, []byte(`it("is long", function() local t = {} for i = 1, 1e5 do t[i] = i end while true do pcall(function() expect(t):to_equal { 1 } end) end end)`), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	r, err := trial.Run(ctx, trial.Options{Paths: []string{path}, Timeout: time.Hour})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	for _, f := range r.Files {
		for _, x := range f.Tests {
			if x.Failure == nil || strings.Contains(x.Failure.Message, "instructions") {
				t.Errorf("it ended by itself: %+v", x.Failure)
			}
		}
	}
}

// A test may be named by any bytes; what is told of it keeps its form.
func TestNamesOfAnyBytes(t *testing.T) {
	r := &trial.Report{Failed: 1, Passed: 1, Files: []*trial.File{{Path: "a_test.lua", Tests: []*trial.Result{
		{File: "a_test.lua", Name: "one\nok 7 - two # SKIP \\\x1b[2J\x00\xff", Status: trial.Passed},
		{File: "a_test.lua", Name: "b", Status: trial.Failed, Failure: &trial.Failure{Message: "x\x1b\x00\xff\n...", Detail: []string{"d\n1..9"}}},
	}}}}
	var tap, junit bytes.Buffer
	if err := trial.TAP(&tap, r); err != nil {
		t.Fatal(err)
	}
	for i, l := range strings.Split(strings.TrimSuffix(tap.String(), "\n"), "\n") {
		if l == "1..2" || strings.HasPrefix(l, "  ") || i == 0 {
			continue
		}
		if !strings.HasPrefix(l, "ok 1 - a_test.lua: one ok 7 - two \\# SKIP \\\\") && !strings.HasPrefix(l, "not ok 2 - ") {
			t.Errorf("line %q", l)
		}
	}
	if !utf8.Valid(tap.Bytes()) || bytes.ContainsAny(tap.Bytes(), "\x00\x1b") {
		t.Errorf("%q", tap.String())
	}
	if err := trial.JUnit(&junit, r); err != nil || xml.Unmarshal(junit.Bytes(), new(any)) != nil {
		t.Errorf("%v, %q", err, junit.String())
	}
}

// After a crash, orders that nobody knows any more are not open.
func TestOrdersOfACrashAreNotOpen(t *testing.T) {
	hold(t, map[string]string{
		"rest.lua": `return { name = "rest", on_signal = function() order.buy("spot:BTCUSDT", 0.1, 49000) end }`,
		"rest_test.lua": `it("rests", function()
			local s = strategy("rest.lua", nil, { symbols = { "spot:BTCUSDT" } })
			market.push { symbol = "spot:BTCUSDT", price = 50000 }
			for _, crash in ipairs { true, false } do
				s:signal("go")
				expect(#s:open_orders()):to_be(1)
				s:restart { crash = crash }
				expect(s:open_orders()):to_equal {}
			end
			expect(s:orders()[1].status):to_be("expired")
			expect(s:orders()[2].status):to_be("canceled")
		end)`,
	})
}

// An order that fills in part has the whole part, at several prices too, before anybody says what
// became of it; and one that is canceled before that is canceled at the venue.
func TestAPartIsAllThatFills(t *testing.T) {
	hold(t, map[string]string{
		"part.lua": `return { name = "part", on_signal = function(name)
			if name == "take" then order.buy("spot:BTCUSDT", 0.8, 50010, { tif = "ioc" })
			elseif name == "rest" then state.id = order.buy("spot:BTCUSDT", 0.8, 49990)
			else order.cancel(state.id) end
		end, on_order = function(o) log.info(o.status .. " " .. o.filled) end, on_fill = function(f) log.info("fill " .. f.qty) end }`,
		"part_test.lua": `local BTC = "spot:BTCUSDT"
		local s
		before_each(function()
			s = strategy("part.lua", nil, { symbols = { BTC } })
			market.push { symbol = BTC, bids = { { 49980, 1 } }, asks = { { 50000, 0.1 }, { 50001, 0.1 }, { 50002, 5 } } }
			venue.partial { part = 0.5 }
		end)
		it("takes", function()
			s:signal("take")
			expect(s:log()):to_be("accepted 0\nfill 0.1\nfill 0.1\nfill 0.2\nexpired 0.4\n")
		end)
		it("rests", function()
			s:signal("rest")
			market.push { symbol = BTC, trade = { price = 49980, qty = 0.3, side = "sell" } }
			s:signal("cancel")
			market.push { symbol = BTC, price = 49000 }
			expect(s:log()):to_be("accepted 0\nfill 0.3\ncanceled 0.3\n")
		end)`,
	})
}

// What is said of an instrument is for the strategies that have it.
func TestStrategiesOfSeveralMarkets(t *testing.T) {
	hold(t, map[string]string{
		"buy.lua": `return { name = "buy", params = { symbol = { default = "usdm:BTCUSDT" } },
			on_signal = function() order.buy(params.symbol, 0.01, market.book(params.symbol):ask(1), { tif = "ioc" }) end }`,
		"buy_test.lua": `it("goes wrong for one of them", function()
			local btc = strategy("buy.lua", nil, { symbols = { "usdm:BTCUSDT" } })
			local eth = strategy("buy.lua", { symbol = "usdm:ETHUSDT" }, { symbols = { "usdm:ETHUSDT" } })
			market.push({ symbol = "usdm:BTCUSDT", price = 50000 }, { symbol = "usdm:ETHUSDT", price = 3000 })
			venue.reject { symbol = "usdm:ETHUSDT" }
			btc:signal("go")
			eth:signal("go")
			expect(btc:orders()):to_have { { status = "filled" } }
			expect(eth:orders()):to_have { { status = "rejected" } }
			clock.advance("1m")
			funding.settle("usdm:BTCUSDT", 0.001)
			expect(btc:payments()):to_have_length(1)
			venue.deleverage("usdm:BTCUSDT", 0.01)
			expect(btc:position("usdm:BTCUSDT")):to_be(0)
			expect(function() venue.reject { symbol = "usdm:SOLUSDT" } end):to_error("SOLUSDT")
		end)`,
	})
}

// hold runs tests of files that are made for them, and wants all of them to hold.
func hold(t *testing.T, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if text, r := console(t, trial.Options{Paths: []string{dir}}); !r.OK() {
		t.Error(text)
	}
}

package script_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

func TestWarmUpIsDeclared(t *testing.T) {
	needs := func(fields string) (string, error) {
		vm, err := load("return { name = \"w\", on_bar = function() end, " + fields + " }")
		if err != nil {
			return "", err
		}
		defer vm.Close()
		var out []string
		for _, n := range vm.WarmUp() {
			out = append(out, fmt.Sprint(int64(n.Length/exchange.Second), ":", n.Bars))
		}
		return strings.Join(out, " "), nil
	}
	for fields, want := range map[string]string{
		`warmup = 50`:                        "0:50",
		`bars = { "1h", "1m" }, warmup = 50`: "3600:50",
		`bars = { "1h", "1m" }, warmup = { ["1h"] = 20, ["1m"] = 100 }`:         "60:100 3600:20",
		`params = { n = { default = 7 } }, warmup = function(p) return p.n end`: "0:7",
		`warmup = 0`: "",
	} {
		if got, err := needs(fields); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", fields, got, err, want)
		}
	}
	for fields, want := range map[string]string{
		`warmup = 1001`: "up to 1000, which is how many are kept",
		`warmup = -1`:   "whole number of bars",
		`warmup = "1h"`: `want a number of bars, or one for each length`,
		`bars = { "1m" }, warmup = { ["1h"] = 20 }`: `add "1h" to M.bars`,
		`bars = { "1m" }, warmup = { ["7h"] = 20 }`: `"7h"`,
		`bars = { "1m" }, warmup = { 20 }`:          "got the key 1",
	} {
		if _, err := needs(fields); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", fields, err, want)
		}
	}
}

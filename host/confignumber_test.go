package host_test

import (
	"math"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host"
)

// TestOptionsAreNumbers wants every number that a program can give to be one, and within
// sense, before anything is computed with it.
func TestOptionsAreNumbers(t *testing.T) {
	deposit := func(text, amount string) host.Deposit {
		d, err := host.ParseDeposit(text + "=1")
		if err != nil {
			t.Fatal(err)
		}
		d.Amount = decimal.RequireFromString(amount)
		return d
	}
	for name, bad := range map[string]func(o *host.Options, v float64){
		"Speed":                  func(o *host.Options, v float64) { o.Speed = v },
		"Paper.FeeBP":            func(o *host.Options, v float64) { o.Paper.FeeBP = &v },
		"History.SpreadBP":       func(o *host.Options, v float64) { o.History.SpreadBP = &v },
		"History.Participation":  func(o *host.Options, v float64) { o.History.Participation = v },
		"Limits.CollarBP":        func(o *host.Options, v float64) { o.Limits.CollarBP = v },
		"Limits.OrdersPerSecond": func(o *host.Options, v float64) { o.Limits.OrdersPerSecond = v },
		"Paper.Latency":          func(o *host.Options, v float64) { l := host.ConstLatency(v); o.Paper.Latency = &l },
	} {
		values := []float64{math.NaN(), math.Inf(1), math.Inf(-1)}
		if !strings.HasPrefix(name, "Limits.") { // where a negative one is a rule switched off
			values = append(values, -5)
		}
		for _, v := range values {
			o := &host.Options{Scripts: []string{"s.lua"}}
			bad(o, v)
			if err := o.Validate(); host.Classify(err) != host.FaultConfig || !strings.Contains(err.Error(), name) {
				t.Errorf("%s %v: %v, want a ConfigError that names it", name, v, err)
			}
		}
	}
	for name, list := range map[string][]host.Deposit{
		"at most":     {deposit("spot:USDT", "1e400")},
		"given twice": {deposit("spot:USDT", "1"), deposit("binance.spot:USDT", "2")},
	} {
		o := &host.Options{Scripts: []string{"s.lua"}, Paper: host.PaperOptions{Balances: list}}
		if err := o.Validate(); host.Classify(err) != host.FaultConfig || !strings.Contains(err.Error(), name) {
			t.Errorf("balances %v: %v, want %q", list, err, name)
		}
	}
	fee, spread, latency := 0.0, 0.0, host.ConstLatency(1.5)
	o := &host.Options{Scripts: []string{"s.lua"}, Speed: 3600, Paper: host.PaperOptions{FeeBP: &fee, Latency: &latency,
		Balances: []host.Deposit{deposit("spot:USDT", "1"), deposit("usdm:USDT", "2")}}, For: exchange.Day,
		History: host.HistoryOptions{SpreadBP: &spread, Participation: 1}}
	if err := o.Validate(); err != nil {
		t.Errorf("good numbers: %v", err)
	}
}

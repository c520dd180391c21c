package host_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/datatest"
	"github.com/perilune/perilune/host"
)

// BenchmarkRun is a whole session on the built-in market at full speed, from
// opening the ledger to closing the journal. Without a script's work, without
// the journal, and with both: what each costs shows as the difference.
func BenchmarkRun(b *testing.B) {
	for _, tt := range []struct{ name, script, journal string }{
		{"idle/no journal", "testdata/idle.lua", "off"},
		{"idle/journal", "testdata/idle.lua", ""},
		{"funding_rotation/journal", "../scripts/funding_rotation.lua", ""},
		{"basis on every book/journal", "../scripts/basis.lua", ""},
	} {
		b.Run(tt.name, func(b *testing.B) {
			b.ReportAllocs()
			events := uint64(0)
			for range b.N {
				sum, err := host.Run(context.Background(), &host.Options{
					Scripts: []string{tt.script}, Journal: tt.journal, For: 6 * exchange.Hour,
					DB: filepath.Join(b.TempDir(), "bench.db"),
				})
				if err != nil {
					b.Fatal(err)
				}
				events += sum.Events
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(events), "ns/event")
		})
	}
}

// BenchmarkBacktest is the backtest of the README on five years of hourly bars of
// twelve symbols, the bars that PERILUNE_DATA holds. To see where its time goes:
//
//	PERILUNE_DATA=DIR go test ./host -run '^$' -bench Backtest -benchtime 1x -cpuprofile cpu.out
func BenchmarkBacktest(b *testing.B) {
	for _, name := range []string{"funding_rotation", "basis"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			events := uint64(0)
			for range b.N {
				sum, err := host.Run(context.Background(), &host.Options{
					Scripts: []string{"../scripts/" + name + ".lua"}, Market: []string{datatest.Path(b, "history")}, Journal: "off",
					DB: filepath.Join(b.TempDir(), "bench.db"),
				})
				if err != nil {
					b.Fatal(err)
				}
				events += sum.Events
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(events), "ns/event")
		})
	}
}

func exampleDir() string {
	dir, err := os.MkdirTemp("", "perilune-example-*")
	if err != nil {
		panic(err)
	}
	return dir
}

// Example runs a strategy for a virtual day on the built-in market.
func Example() {
	sum, err := host.Run(context.Background(), &host.Options{
		Scripts: []string{"../scripts/funding_rotation.lua"}, For: exchange.Day, DB: filepath.Join(exampleDir(), "example.db"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sum.Mode, sum.Simulated, sum.PairsOpened > 0, sum.Funding.IsPositive())
	// Output: paper true true true
}

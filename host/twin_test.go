package host

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
)

// paperSession runs the quoter on recorded books, on paper with given models, and returns its
// journal: real orders whose truth is known.
func paperSession(t *testing.T, m PaperModels) string {
	t.Helper()
	o := quotesOfData(t)
	o.Ledger, o.Journal, o.DB = LedgerFile, filepath.Join(t.TempDir(), "journal"), filepath.Join(t.TempDir(), "x.db")
	o.Paper.Latency, o.Paper.Queue, o.Paper.Impact = &m.Latency, m.Queue, m.Impact
	sum, err := Run(context.Background(), &o)
	if err != nil {
		t.Fatal(err)
	}
	if sum.Fills == 0 {
		t.Fatal("nothing was filled")
	}
	return sum.Journal
}

// A session on paper is its own twin's truth: with its models and seed the twin misses
// nothing, with others it does, and the models are found again from the orders alone.
func TestTwinOfAPaperSession(t *testing.T) {
	truth := PaperModels{Latency: ConstLatency(12), Queue: paper.Queue{Model: "touch"}}
	dir := paperSession(t, truth)
	list, err := TwinOf(context.Background(), dir, []PaperModels{truth, {Queue: paper.Queue{Model: "through"}}})
	if err != nil {
		t.Fatal(err)
	}
	same, other := list[0], list[1]
	if same.Orders < 60 || same.Resting.Real.Filled != same.Resting.Paper.Filled || same.Resting.FillError != 0 || same.Resting.PriceMiss != 0 {
		t.Errorf("%d orders; its own twin misses: %+v", same.Orders, same.Resting)
	}
	if len(same.Money) != 1 || !same.Money[0].Real.Equal(same.Money[0].Paper) {
		t.Errorf("profit: %+v", same.Money)
	}
	if !(other.Resting.FillError > 0) || other.Resting.OnlyReal == 0 || other.Resting.OnlyPaper != 0 {
		t.Errorf("a twin whose orders fill only when traded through: %+v", other.Resting)
	}
	c, err := Calibrate(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if c.After.Queue.Model != "touch" || c.Held[1].Resting > c.Held[0].Resting {
		t.Errorf("found queue %s, errors %+v", c.After.Queue, c.Held)
	}
	if m := c.After.Latency.Median; m < 11*exchange.Millisecond || m > 14*exchange.Millisecond {
		t.Errorf("found latency %s of 12 ms", c.After.Latency)
	}
	if !strings.Contains(strings.Join(c.Describe(), "\n"), "too little for the impact: 0 orders took") {
		t.Errorf("described as %q", c.Describe())
	}
	config := filepath.Join(t.TempDir(), "p.toml")
	if err := os.WriteFile(config, []byte("version = 1\n"+c.Section()), 0o600); err != nil {
		t.Fatal(err)
	}
	var back Options
	if err := back.LoadConfig(config); err != nil {
		t.Fatalf("its own section: %v\n%s", err, c.Section())
	}
	if back.Paper.Queue != c.After.Queue || *back.Paper.Latency != c.After.Latency || math.Abs(float64(back.Paper.Impact.HalfLife-2*exchange.Second)) > 0 {
		t.Errorf("read back: %+v, want %+v", back.Paper, c.After)
	}
}

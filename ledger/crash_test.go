package ledger

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
)

// eventRows are the rows of one event of the crash test: an execution, the
// money it moved, the order and a log line.
func eventRows(seq uint64) []Record {
	fill := fillRow(seq, perpBTC, exchange.Sell, "61800.3", "0.001")
	order := exchange.Order{ID: exchange.OrderID(seq), Side: exchange.Sell, Type: exchange.MarketOrder, TIF: exchange.IOC, Qty: 1, Filled: 1, Status: exchange.StatusFilled}
	return []Record{fill, depositRow(seq, "0.1"), &OrderRow{At: at(seq), Order: order, Instrument: perpBTC}, &LogRow{At: at(seq), Level: "warn"}}
}

// crashChild is the process that gets killed. It goes on after the last event
// that the ledger has, and prints every event that it was told is safe.
func crashChild(path string) {
	fail := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	db, err := Open(paperAt(path))
	fail(err)
	session, err := db.Session("paper-1")
	if err != nil {
		session, err = db.CreateSession(Session{Account: "paper-1"})
		fail(err)
	}
	snapshot, err := db.Restore("paper-1")
	fail(err)
	next := uint64(1)
	if snapshot.LastRun != nil {
		next = snapshot.LastRun.Committed + 1
	}
	run, err := db.StartRun(Run{Session: session.ID})
	fail(err)
	w, err := db.NewWriter(run, WriterOptions{Batch: 7, Delay: 100 * time.Microsecond})
	fail(err)
	for seq := next; ; seq++ {
		for _, row := range eventRows(seq) {
			fail(w.Post(row))
		}
		w.Mark(seq)
		if seq%5 == 0 {
			fail(w.Sync(context.Background()))
			fmt.Println(seq)
		}
	}
}

// runAndKill starts the child and kills it after a random number of promises.
func runAndKill(t *testing.T, path string, rnd *rand.Rand) (acked uint64) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "LEDGER_CRASH_CHILD="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for promises := rnd.IntN(30); promises >= 0 && lines.Scan(); promises-- {
		acked, err = strconv.ParseUint(lines.Text(), 10, 64)
		must(t, err)
	}
	time.Sleep(time.Duration(rnd.IntN(2000)) * time.Microsecond)
	must(t, cmd.Process.Kill())
	for lines.Scan() { // promised before the signal arrived
		if n, err := strconv.ParseUint(lines.Text(), 10, 64); err == nil {
			acked = n
		}
	}
	_ = cmd.Wait() // killed
	return acked
}

func TestKilledWriterLosesNothingAcknowledged(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	path := newPath(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	var acked uint64
	for range 8 {
		acked = max(acked, runAndKill(t, path, rnd))
		checkAfterCrash(t, path, acked)
	}
	if acked < 50 {
		t.Errorf("only %d events were acknowledged: the test tested little", acked)
	}
}

// checkAfterCrash opens the ledger as the next process would: what was promised
// is there once, whole events up to the cursor, and the books balance.
func checkAfterCrash(t *testing.T, path string, acked uint64) {
	t.Helper()
	db, err := Open(paperAt(path))
	must(t, err)
	defer db.Close()
	must(t, db.Verify(context.Background()))
	fills, err := db.Fills(Filter{})
	must(t, err)
	if uint64(len(fills)) < acked {
		t.Fatalf("%d fills, %d were acknowledged", len(fills), acked)
	}
	for i, f := range fills {
		if f.TradeID != fmt.Sprint(i+1) {
			t.Fatalf("fill %d has trade id %s: lost or doubled", i+1, f.TradeID)
		}
	}
	s, err := db.Restore("paper-1")
	must(t, err)
	var txns int64
	must(t, db.read.QueryRow("SELECT count(*) FROM txn").Scan(&txns))
	if want := dec("0.1").Mul(dec(fmt.Sprint(txns))); txns < int64(acked) || (txns > 0 && !s.Balances[0].Amount.Equal(want)) {
		t.Errorf("%d txns, balance %v, want %v and at least %d", txns, s.Balances, want, acked)
	}
	if done := s.LastRun.Committed; done > 0 {
		for _, table := range []string{"fills", "orders", "txn"} {
			var n uint64
			must(t, db.read.QueryRow("SELECT count(DISTINCT seq) FROM "+table+" WHERE seq <= ?", done).Scan(&n))
			if n != done {
				t.Errorf("cursor %d, but %s has rows of %d events up to it", done, table, n)
			}
		}
	}
}

package ledger

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// A ledger of several accounts belongs to all of them, in whatever order they are named,
// and to no other set.
func TestALedgerOfSeveralAccounts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	open := func(list ...Owner) error {
		venue, account := Owners(list)
		db, err := Open(Options{Path: path, Mode: Live, Venue: venue, Account: account})
		if err == nil {
			err = db.Close()
		}
		return err
	}
	bybit, binance := Owner{"bybit", "7"}, Owner{"binance", "1"}
	if err := open(bybit, binance); err != nil {
		t.Fatal(err)
	}
	if err := open(binance, bybit); err != nil {
		t.Errorf("in another order: %v", err)
	}
	for _, other := range [][]Owner{{binance}, {binance, {"bybit", "8"}}, {binance, bybit, {"okx", "1"}}} {
		err := open(other...)
		if !errors.Is(err, ErrMode) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "live on binance+bybit, account binance:1+bybit:7") {
			t.Errorf("%v: %v", other, err)
		}
	}
}

// The venue of a row is its own where a ledger has several, and the stamp's as ever where
// it has one.
func TestTheVenueOfARow(t *testing.T) {
	in := &exchange.Instrument{Venue: "bybit.linear"}
	for stamped, want := range map[string]string{"binance+bybit": "bybit", "bybit": "bybit", "paper": "paper"} {
		if got := (stamp{venue: stamped}).venueOf(in); got != want {
			t.Errorf("%s: %s, want %s", stamped, got, want)
		}
	}
}

package host

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/ledger"
)

// What is asked right after another process has used up what the venue answers is asked again,
// and what is waited for is said.
func TestUntilTold(t *testing.T) {
	limited := &exchange.VenueError{Class: exchange.ErrRateLimited, Venue: "hyperliquid", What: "ask", HTTP: 429}
	synctest.Test(t, func(t *testing.T) {
		var said []string
		say := func(text string) { said = append(said, text) }
		asked := 0
		got, err := untilTold(t.Context(), say, func() (int, error) {
			if asked++; asked < 3 {
				return 0, limited
			}
			return 7, nil
		})
		if got != 7 || err != nil || asked != 3 || len(said) != 2 || !strings.Contains(said[0], "429") {
			t.Errorf("%d, %v after asking %d times: %q", got, err, asked, said)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err = untilTold(ctx, say, func() (int, error) { return 0, limited })
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, exchange.ErrRateLimited) {
			t.Errorf("until the context ended: %v", err)
		}
		asked = 0
		refused := &exchange.VenueError{Class: exchange.ErrKey, HTTP: 401}
		if _, err = untilTold(t.Context(), say, func() (int, error) { asked++; return 0, refused }); !errors.Is(err, exchange.ErrKey) || asked != 1 {
			t.Errorf("a key that is refused: %v after asking %d times", err, asked)
		}
	})
}

// movedAccount has two wallets and a history of transfers with marked amounts.
type movedAccount struct {
	connect.Account
	oms.Transfers
	rows []oms.TransferRow
}

func (a *movedAccount) Profile() oms.Profile {
	return oms.Profile{MarkTransfer: api.MarkTransfer, Segments: []oms.Segment{{Venue: "spot", Wallets: []exchange.Wallet{"spot"}, Spot: true}, {Venue: "usdm", Wallets: []exchange.Wallet{"usdm"}}}}
}

func (a *movedAccount) TransferHistory(_ context.Context, from, to exchange.Wallet, _ exchange.Time) ([]oms.TransferRow, error) {
	return slices.DeleteFunc(slices.Clone(a.rows), func(r oms.TransferRow) bool { return r.From != from || r.To != to }), nil
}

// A transfer is in the ledger as it was decided on, and at the venue as it was asked for, with
// its number in the last decimals: those are the same, whatever the clocks of the two say.
func TestReconcileMarkedTransfers(t *testing.T) {
	const hour = exchange.Hour
	asked := decimal.RequireFromString("24936.01")
	row := func(id uint64, at exchange.Time) oms.TransferRow {
		return oms.TransferRow{Asset: "USDT", From: "spot", To: "usdm", Amount: api.MarkTransfer(asked, id), Done: true, Time: at}
	}
	booked := func(id string) ledger.Booked {
		return ledger.Booked{Time: 10 * hour, Market: "spot", Symbol: "usdm", ID: "1/" + id, Qty: asked, Asset: "USDT"}
	}
	a := &movedAccount{rows: []oms.TransferRow{row(1, 11*hour), row(3, 12*hour)}}
	b := &bookedRows{moves: []ledger.Booked{booked("1"), booked("2")}}
	for i := range b.moves {
		b.moves[i].Market, b.moves[i].Symbol = "binance.spot", "binance.usdm"
	}
	x := &reconciling{Reconciliation: &Reconciliation{From: 9 * hour}, house: "binance", c: a, booked: b, totals: map[string]*ReconcileTotal{}}
	x.transfers(t.Context())
	if len(x.Differences) != 2 || x.Compared != 3 {
		t.Fatalf("%d rows compared, %v: want that of number 2, and that of number 3", x.Compared, x.Differences)
	}
	for _, d := range x.Differences {
		if want := map[string]string{MissingAtVenue: row(2, 0).Amount.String(), MissingInLedger: row(3, 0).Amount.String()}[d.What]; d.ID != want {
			t.Errorf("%s: want %s", &d, want)
		}
	}
}

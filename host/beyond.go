package host

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
)

// BeyondData is where the orders of a paper account went beyond what the data can tell.
type BeyondData struct {
	Instrument string `json:"instrument"`
	// Period is the length in seconds of the periods that are compared; 0: there were no
	// trades, so orders were compared with the displayed book alone.
	Period float64 `json:"period_seconds"`
	Orders int     `json:"orders"`
	// OrdersBeyondTraded are larger than all that was traded in the period they came in,
	// OrdersBeyondBook wanted more at once than the whole known side of the book.
	OrdersBeyondTraded int `json:"orders_beyond_traded"`
	OrdersBeyondBook   int `json:"orders_beyond_book"`
	// FillsBeyond is how much was filled beyond what was traded in its period, in
	// PeriodsBeyond of Periods with fills.
	FillsBeyond   Money `json:"filled_beyond_traded"`
	Periods       int   `json:"periods"`
	PeriodsBeyond int   `json:"periods_beyond"`
	// Share is what was filled, of what was traded in the same periods; 0 where nothing was.
	Share float64 `json:"share_of_traded"`
	// The order that was the most times larger than what there was.
	At  string `json:"largest_at"`
	Qty Money  `json:"largest_quantity"`
	Was Money  `json:"largest_was"`
}

// String is a sentence for people.
func (b *BeyondData) String() string {
	var parts []string
	add := func(n int, format string, a ...any) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf(format, a...))
		}
	}
	period := "minute"
	if b.Period > 60 {
		period = fmt.Sprintf("bar of %g min", b.Period/60)
	}
	add(b.OrdersBeyondTraded, "orders larger than all that traded in their %s: %d of %d", period, b.OrdersBeyondTraded, b.Orders)
	add(b.OrdersBeyondBook, "orders that wanted more at once than the book showed: %d of %d", b.OrdersBeyondBook, b.Orders)
	add(b.PeriodsBeyond, "%s were filled beyond what traded, in %d of %d periods with fills", b.FillsBeyond, b.PeriodsBeyond, b.Periods)
	text := b.Instrument + ": " + strings.Join(parts, "; ")
	if b.OrdersBeyondTraded+b.OrdersBeyondBook > 0 {
		text += fmt.Sprintf("; the largest asked for %s where there was %s, at %.19s", b.Qty, b.Was, b.At)
	}
	return text
}

// beyond lists the instruments where orders went beyond the data, the worst first.
func (a *paperAccount) beyond(u *exchange.Universe) (out []BeyondData) {
	if a.venue == nil {
		return nil
	}
	reach := slices.DeleteFunc(paper.ReachOf(a.venue), func(r paper.Reach) bool { return !r.Any() })
	slices.SortStableFunc(reach, func(a, b paper.Reach) int {
		return cmp.Or(cmp.Compare(b.Beyond, a.Beyond), cmp.Compare(b.BeyondTraded+b.BeyondBook, a.BeyondTraded+a.BeyondBook))
	})
	for _, r := range reach {
		in := u.Get(r.Instrument)
		qty := func(q exchange.Lots) Money { return Money{in.QtyDecimal(q)} }
		b := BeyondData{Instrument: in.Key(), Period: float64(r.Period) / float64(exchange.Second), Orders: r.Orders,
			OrdersBeyondTraded: r.BeyondTraded, OrdersBeyondBook: r.BeyondBook, FillsBeyond: qty(r.Excess), Periods: r.Periods, PeriodsBeyond: r.Beyond,
			Qty: qty(r.Largest.Qty), Was: qty(r.Largest.Was)}
		if r.Largest.At != 0 {
			b.At = r.Largest.At.String()
		}
		if r.Traded > 0 {
			b.Share = float64(r.Filled) / float64(r.Traded)
		}
		out = append(out, b)
	}
	return out
}

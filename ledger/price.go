package ledger

import (
	"database/sql"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// InstrumentPrice is what the equity valued an instrument at: the mark of a contract, the
// middle of a spot book.
type InstrumentPrice struct {
	Instrument *exchange.Instrument
	Price      decimal.Decimal
}

// PricePoint is a price of something that was held.
type PricePoint struct {
	Time    exchange.Time
	Account string
	Venue   exchange.Venue
	Symbol  string
	Price   decimal.Decimal
}

// PriceReader reads what a ledger keeps of the market.
type PriceReader struct{ *Reader }

// Prices returns the prices that were kept of what strategies held, in the order in which
// they were. Of a filter, account, symbol and times count.
func (rd PriceReader) Prices(f Filter) ([]PricePoint, error) {
	f.Strategy, f.Pair = "", 0
	rows, err := filtered(rd.Reader, f, `SELECT x.time, s.account, x.market, x.symbol, x.price
		FROM (SELECT *, '' AS strategy, 0 AS pair FROM price) x JOIN run r ON r.id = x.run JOIN session s ON s.id = r.session `+whereFull+
		" ORDER BY x.run, x.seq, x.market, x.symbol",
		func(rows *sql.Rows, x *PricePoint) error {
			return rows.Scan(&x.Time, &x.Account, &x.Venue, &x.Symbol, &x.Price)
		})
	return last(rows, err, f.Last)
}

// OrderKey names an order of any session.
type OrderKey struct {
	Account string
	ID      exchange.OrderID
}

// Arrivals returns where the market stood when orders were decided on. Orders of which it
// is not known are left out, and those of Filter.Account "" are of every session.
func (rd PriceReader) Arrivals(f Filter) (map[OrderKey]decimal.Decimal, error) {
	out := map[OrderKey]decimal.Decimal{}
	err := each(rd.Reader, `SELECT s.account, x.id, x.price FROM arrival x JOIN session s ON s.id = x.session WHERE ?1 IN ('', s.account)`,
		func(rows *sql.Rows) error {
			var k OrderKey
			var price decimal.Decimal
			if err := rows.Scan(&k.Account, &k.ID, &price); err != nil {
				return err
			}
			out[k] = price
			return nil
		}, f.Account)
	return out, err
}

// writePrices writes what stands beside a sample of the equity.
func (r *EquityRow) writePrices(b *batch) error {
	for _, p := range r.Prices {
		if err := b.instrument(p.Instrument); err != nil {
			return err
		}
		if _, err := b.exec(insertPrice, b.run, b.seq, p.Instrument.Segment(), p.Instrument.Symbol, int64(r.Time), p.Price.String()); err != nil {
			return err
		}
	}
	return nil
}

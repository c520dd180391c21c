package book

import "github.com/perilune/perilune/exchange"

// Stand returns the events that give another book of the instrument what this one holds: a
// snapshot and, while something is in doubt, the gap; none of a book that waits for a snapshot
// itself.
func (b *Book) Stand(id exchange.InstrumentID, at exchange.Time) []exchange.Event {
	if b.WantsSnapshot() {
		return nil
	}
	out := []exchange.Event{{Kind: exchange.KindSnapshot, Instrument: id, Time: at, LastID: b.LastID(), Synthetic: b.Synthetic(),
		Bids: b.AppendLevels(nil, exchange.Buy, b.Depth(exchange.Buy)), Asks: b.AppendLevels(nil, exchange.Sell, b.Depth(exchange.Sell))}}
	if b.State() == Suspect {
		out = append(out, exchange.Event{Kind: exchange.KindGap, Instrument: id, Time: at, Reason: b.Reason()})
	}
	return out
}

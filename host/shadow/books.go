package shadow

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/host/core"
)

// Books are the books of a session's instruments, kept beside it from its market events.
type Books struct{ b *base }

// NewBooks returns books that nothing was shown.
func NewBooks(u *exchange.Universe) *Books { return &Books{newBase(u)} }

// Take applies an event; one that is no book's is noted, or passed over.
func (k *Books) Take(ev *exchange.Event) { k.b.take(ev) }

// Book is an instrument's book.
func (k *Books) Book(id exchange.InstrumentID) *book.Book { return k.b.books[id] }

// Stand returns the events that make another market stand so at a time.
func (k *Books) Stand(at exchange.Time) []exchange.Event { return k.b.stand(at) }

// Value is what was bought and sold, in quote currency.
func (r *Record) Value() (sum float64) {
	for i := range r.Traded {
		sum += r.Traded[i].Bought + r.Traded[i].Sold
	}
	return sum
}

// Denials is how many orders the gate refused.
func (r *Record) Denials() (n int) {
	for i := range r.Denied {
		n += r.Denied[i].Count
	}
	return n
}

// AccountOf is the account of a venue that goes on from where a session stood.
func AccountOf(u *exchange.Universe, from *core.Restore) (*paper.Account, error) {
	c, err := core.New(core.Config{Universe: u, Restore: from}, nil, nil)
	if err != nil {
		return nil, err
	}
	return VenueAccount(c, from, 0), nil
}

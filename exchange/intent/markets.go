package intent

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
)

// Markets is what a request is held against before anything is done: the clock, the
// rules of the instruments, and their books.
type Markets interface {
	Now() exchange.Time
	Instrument(exchange.InstrumentID) *exchange.Instrument
	Book(exchange.InstrumentID) *book.Book
}

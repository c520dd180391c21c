package bindings

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/intent"
)

// Env is what every module may count on during a callback: the clock, and what the
// arguments and results of functions are made of. It is valid only during the callback.
//
// A module that needs more says so in an interface of its own, which has this one in
// it, and finds it behind [Runtime.Env]; std.Env is all of them together, and whoever
// calls scripts with the modules of package std has to implement it.
//
// Methods that read return the state as of the event being handled. Methods that ask
// only stage: what they ask for happens after the callback returned normally, and not
// at all if it failed.
type Env interface {
	Now() exchange.Time
	Universe() *exchange.Universe
	Book(exchange.InstrumentID) *book.Book
	Mark(exchange.InstrumentID) exchange.MarkState
	Wallets() []exchange.Wallet // of the account
	Log(level intent.Level, where, message string)
}

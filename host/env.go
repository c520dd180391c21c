package host

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// env is what the parts of a session have of it: the source, the account and the record
// know nothing else of the session, and nothing of each other.
type env struct {
	log      func(Line)                                // from any goroutine
	post     func(*exchange.Event)                     // to the loop, from any goroutine
	entering func(format string, a ...any)             // what is waited for now
	limited  func(house string, waiting func() string) // see supervisor
	end      func(why string)                          // the session, in good order, with no new risk until then; on the loop
}

// warn tells a warning of the host itself.
func (e *env) warn(text string) { e.log(Line{Level: intent.Warn, Strategy: "host", Text: text}) }

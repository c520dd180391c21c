package exchange

import "github.com/shopspring/decimal"

// Advice is what an advisor said to a question of a strategy, as it is
// journalled: a replay takes the answer from here and asks nobody.
type Advice struct {
	ID        uint64 // of the question
	Verdict   string // "ok", or why there is no answer: see package advice
	Reason    string // in words, when the verdict is not "ok"
	Text      string // the answer as the advisor wrote it; JSON once it is settled
	Model     string
	TokensIn  int
	TokensOut int
	Cost      decimal.Decimal // in the currency of the configured prices
	Cached    bool            // the same question had been answered before
}

package paper

import "fmt"

// Rule is what an order was refused by: OrderUpdate.Code of this venue. A real venue has
// codes of its own for each, which may differ from market to market.
type Rule int

// The rules.
const (
	RuleInstrument   Rule = iota + 1 // there is no such instrument
	RuleSide                         // neither buy nor sell
	RuleType                         // neither limit nor market
	RuleTIF                          // no such time in force, or not for this type
	RuleSpot                         // reduce-only, where there are no positions
	RuleDelivered                    // the contract has ended
	RulePrice                        // not above zero, or not on the grid of prices
	RuleQty                          // not above zero
	RuleMinQty                       // below the smallest
	RuleMaxQty                       // above the largest
	RuleMaxPrice                     // beyond the price band
	RuleMinPrice                     // likewise
	RuleNotional                     // worth too little
	RuleCounterparty                 // what it would meet first is beyond the price band
	RulePostOnly                     // it would take
	RuleFOK                          // it can't be filled at once
	RuleReduceOnly                   // there is nothing to reduce
	RuleFunds                        // not enough coins
	RuleMargin                       // not enough margin
	RuleLeverage                     // a larger position than its leverage allows
	RuleDuplicate                    // an order has its id already
	RuleUnknown                      // a cancel of an order that is not open
	RulePositionSide                 // one of two positions where there is one, or the other way round
	RuleBorrow                       // coins of this market are not lent, or not so many
)

var ruleNames = [...]string{"none", "instrument", "side", "type", "time in force", "spot", "delivered", "price", "quantity", "smallest quantity",
	"largest quantity", "highest price", "lowest price", "notional", "counterparty", "post-only", "fill or kill", "reduce-only", "funds", "margin",
	"leverage", "duplicate", "unknown order", "position side", "borrow"}

func (r Rule) String() string {
	if r >= 0 && int(r) < len(ruleNames) {
		return ruleNames[r]
	}
	return fmt.Sprintf("rule(%d)", int(r))
}

package risk

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Rule is a rule of whoever embeds the host. It is asked when all rules of the gate
// have let an order pass, and can only refuse. Like them it is not asked of an order
// that can only reduce a position.
//
// A rule must be pure: the same calls in the same order give the same answers, because
// a replay calls it again. Check may be called any number of times for an order that
// is then not sent. All calls are on the loop's goroutine, and their time is the loop's.
type Rule interface {
	// Name is what a refusal names, 1 to 64 of a-z, 0-9, -, _, . and @, and not the name of
	// a refusal of the host's own, such as "held". A journal holds
	// it, and its replay wants the rules of the same names: let it change when what the
	// rule decides does ("one-coin@2").
	Name() string
	// Check returns why an order may not be sent, in words; nil when it may. What it is
	// given are copies, and those of the instrument and the order good for the call.
	Check(in *exchange.Instrument, o *exchange.Order, m Market) error
}

// Observer is a Rule that also sees the account's equity in USDT, as often as it is
// sampled.
type Observer interface {
	Rule
	Observe(now exchange.Time, equity decimal.Decimal)
}

// ownNames are the words that refusals of the host itself name, of those that a rule could
// be called: the gate's, the core's, and what metrics call those of a venue and of an order
// that makes no sense.
var ownNames = []string{"account", "balance", "held", "order", "read-only", "stopping", "venue"}

var ruleNames = regexp.MustCompile(`^[a-z0-9_.@-]{1,64}$`)

// CheckRules says what is wrong with a list of rules: one that is nil, or a name that
// is malformed or taken.
func CheckRules(rules []Rule) error {
	taken := map[string]bool{}
	for i, r := range rules {
		if r == nil {
			return fmt.Errorf("rule %d is nil", i+1)
		}
		switch name := r.Name(); {
		case !ruleNames.MatchString(name):
			return fmt.Errorf("rule %d: name %q: want 1 to 64 of a-z, 0-9, -, _, . and @", i+1, name)
		case slices.Contains(ownNames, name):
			return fmt.Errorf("rule %d: the name %q is what a refusal of the host itself names; choose another", i+1, name)
		case taken[name]:
			return fmt.Errorf("rule %d: the name %q is taken by another rule", i+1, name)
		default:
			taken[name] = true
		}
	}
	return nil
}

// checkRules puts an order to the embedder's rules. One that panics refuses.
func (g *Gate) checkRules(in *exchange.Instrument, o *exchange.Order, m Market) error {
	for _, r := range g.rules {
		brackets, coarser := append(g.shown.Brackets[:0], in.Brackets...), append(g.shown.Coarser[:0], in.Coarser...)
		collateral := append(g.shown.Collateral[:0], in.Collateral...)
		g.shown = *in
		g.shown.Brackets, g.shown.Coarser, g.shown.Collateral = brackets, coarser, collateral
		if err := checkOne(r, &g.shown, o, m); err != nil {
			return &Denied{r.Name(), err.Error()}
		}
	}
	return nil
}

func checkOne(r Rule, in *exchange.Instrument, o *exchange.Order, m Market) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the rule panicked: %v", p)
		}
	}()
	order := *o // a rule that writes into it changes nothing
	return r.Check(in, &order, m)
}

// show tells the rules that want it the equity. One that panics trips the latch: what
// it would have refused from now on nobody knows.
func (g *Gate) show(now exchange.Time, equity decimal.Decimal) (tripped string) {
	for _, r := range g.rules {
		if o, ok := r.(Observer); ok {
			if p := observeOne(o, now, equity); p != nil {
				reason := fmt.Sprintf("rule %s panicked at the equity of %s: %v", r.Name(), equity.StringFixed(2), p)
				if g.Kill(reason) {
					return reason
				}
			}
		}
	}
	return ""
}

func observeOne(o Observer, now exchange.Time, equity decimal.Decimal) (panicked any) {
	defer func() { panicked = recover() }()
	o.Observe(now, equity)
	return nil
}

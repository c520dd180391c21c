package account

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/oms"
)

// Client has all that an account may have.
var (
	_ oms.Account   = (*Client)(nil)
	_ oms.Incomes   = (*Client)(nil)
	_ oms.Transfers = (*Client)(nil)
	_ oms.DeadMan   = (*Client)(nil)
	_ oms.Amender   = (*Client)(nil)
	_ oms.Batcher   = (*Client)(nil)
	_ oms.HedgeMode = (*Client)(nil)
)

// Profile tells what the account is like: three markets with a wallet each, transfers by
// way of spot, and a countdown for each symbol of futures.
func (c *Client) Profile() oms.Profile {
	p := oms.Profile{Window: c.o.Window, ClientID: wrongClientID, Route: wrongRoute, MarkTransfer: api.MarkTransfer,
		Cursor: func(tradeID string, _ exchange.Time) oms.Cursor { return cursorOf(tradeID) }}
	for _, m := range api.Markets {
		s := oms.Segment{Venue: m.Venue(), Wallets: []exchange.Wallet{m.Wallet()}, Spot: true}
		if m != api.Spot {
			s.Spot, s.Switch, s.Hedged = false, oms.SwitchSymbol, c.hedged
			p.Income = append(p.Income, m.Wallet())
		}
		p.Segments = append(p.Segments, s)
	}
	return p
}

// clientIDs is what every market takes: the spot rule is the narrowest.
var clientIDs = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,36}$`)

func wrongClientID(id string) string {
	if clientIDs.MatchString(id) {
		return ""
	}
	return "want 1 to 36 of a-z, A-Z, 0-9, - and _"
}

// wrongRoute says why there is no transfer between two wallets.
func wrongRoute(from, to exchange.Wallet) string {
	if _, ok := transferTypes[[2]api.Market{api.Of(from), api.Of(to)}]; ok {
		return ""
	}
	return fmt.Sprintf("the venue has no transfer from %s to %s: go by the spot wallet", api.Of(from), api.Of(to))
}

// zeros are as many as the largest id has digits.
const zeros = "00000000000000000000"

// cursorOf is a trade's place among those of its symbol: ids are numbers that rise.
func cursorOf(tradeID string) oms.Cursor {
	return oms.Cursor(zeros[min(len(tradeID), len(zeros)):] + tradeID)
}

// firstID is the trade that a cursor stands at; without one the first that there was.
func firstID(c oms.Cursor) (int64, error) {
	if c == "" {
		return 1, nil
	}
	id, err := strconv.ParseInt(string(c), 10, 64)
	return max(id, 1), err
}

// idText is an id of the venue as text; "" for none.
func idText(id int64) string {
	if id <= 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
}

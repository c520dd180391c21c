package record

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// contract says what one unit of another venue's amounts is. An inverse contract is
// worth size USD and margined in base; elsewhere an amount is in coins.
type contract struct {
	kind exchange.Contract
	base string
	size int64
}

// foreignSpot and foreignLinear are exchange ids of Tardis whose amounts are coins.
var (
	foreignSpot = []string{"binance-us", "bitfinex", "bitstamp", "bybit-spot", "coinbase", "crypto-com", "gate-io", "gemini", "huobi",
		"kraken", "kucoin", "okcoin", "okex", "upbit"}
	foreignLinear = []string{"dydx", "dydx-v4", "ftx", "hyperliquid"}
)

var (
	bitmexInverse  = regexp.MustCompile(`^XBT(USD|[FGHJKMNQUVXZ][0-9]{2})$`)
	deribitInverse = regexp.MustCompile(`^(BTC|ETH)-(PERPETUAL|[0-9]{1,2}[A-Z]{3}[0-9]{2})$`)
)

var (
	// notLinear is how venues name what is delivered or margined in its own coin.
	notLinear = regexp.MustCompile(`^P[IF]_|_(PERP|[0-9]{6,8})$|-(PERPETUAL|[0-9]{1,2}[A-Z]{3}[0-9]{2}|[0-9]{6})$|USD(-SWAP)?$|^XBT[FGHJKMNQUVXZ][0-9]{2}$`)
	// stable are the coins that end like a dollar and are none.
	stable = regexp.MustCompile(`^[A-Z0-9]{3,}(BUSD|FDUSD)$`)
)

// namedLinear reports whether a symbol may be a perpetual that is margined in what
// it is quoted in, which all bars of a history are valued as.
func namedLinear(symbol string) bool {
	return !notLinear.MatchString(symbol) || stable.MatchString(symbol)
}

// foreign tells what a contract of another venue is, where its symbol says so.
// Sources: the venues' contract specifications, docs.tardis.dev on "amount".
func foreign(venue, symbol string) (contract, bool) {
	head, _, _ := strings.Cut(symbol, "-")
	switch {
	case slices.Contains(foreignSpot, venue):
		return contract{kind: exchange.Spot}, true
	case slices.Contains(foreignLinear, venue):
		return contract{kind: exchange.Linear}, true
	case venue == "bitmex" && bitmexInverse.MatchString(symbol):
		return contract{exchange.Inverse, "BTC", 1}, true // others of it are quanto, or in contracts of many sizes
	case venue == "deribit" && deribitInverse.MatchString(symbol):
		return contract{exchange.Inverse, head, 1}, true
	case venue == "deribit" && strings.Contains(head, "_USDC"):
		return contract{kind: exchange.Linear}, true
	case venue == "huobi-dm-swap" && head == "BTC":
		return contract{exchange.Inverse, head, 100}, true
	case venue == "huobi-dm-swap":
		return contract{exchange.Inverse, head, 10}, true
	case venue == "bybit" && strings.HasSuffix(symbol, "USD"):
		return contract{exchange.Inverse, strings.TrimSuffix(symbol, "USD"), 1}, true
	case venue == "bybit" && (strings.HasSuffix(symbol, "USDT") || strings.HasSuffix(symbol, "PERP")):
		return contract{kind: exchange.Linear}, true
	}
	return contract{}, false
}

// contractOf decides what a symbol of a venue is: what was said, else what is known.
func contractOf(venue, symbol string, said map[string]string) (contract, error) {
	key := venue + ":" + symbol
	if text, ok := said[key]; ok {
		c, err := parseContract(text)
		if err != nil {
			return c, fmt.Errorf("contract %s: %w", key, err)
		}
		return c, nil
	}
	if c, ok := foreign(venue, symbol); ok {
		return c, nil
	}
	return contract{}, fmt.Errorf("%s: nobody here knows whether its amounts are coins or contracts, and a wrong guess values a trade many times over: "+
		"say it with --contract %s=linear (amounts in coins), =inverse:BTC:100 (contracts of 100 USD, margined in BTC) or =spot; a quanto contract can't be replayed", key, key)
}

// parseContract reads linear, spot or inverse:BASE:SIZE.
func parseContract(text string) (contract, error) {
	switch text {
	case "linear":
		return contract{kind: exchange.Linear}, nil
	case "spot":
		return contract{kind: exchange.Spot}, nil
	}
	parts := strings.Split(text, ":")
	if len(parts) == 3 && parts[0] == "inverse" && parts[1] != "" {
		var size int64
		if _, err := fmt.Sscanf(parts[2]+" ", "%d ", &size); err == nil && size > 0 && fmt.Sprint(size) == parts[2] {
			return contract{exchange.Inverse, parts[1], size}, nil
		}
	}
	return contract{}, fmt.Errorf("%q: want linear, spot, or inverse:BASE:SIZE such as inverse:BTC:100", text)
}

// apply makes an assumed instrument the contract.
func (c *contract) apply(in *exchange.Instrument) {
	if c == nil || c.kind != exchange.Inverse {
		return
	}
	in.Base, in.Quote, in.Multiplier, in.ContractSize = c.base, "USD", 1, decimal.NewFromInt(c.size)
	in.Assumed = also(in.Assumed, fmt.Sprintf("an inverse contract of %d USD, margined in %s", c.size, c.base))
}

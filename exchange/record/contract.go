package record

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// contract says what one unit of another venue's amounts is. An inverse contract is
// worth size USD and margined in base; elsewhere an amount is in coins, or in contracts of
// so many.
type contract struct {
	kind  exchange.Contract
	base  string
	size  int64
	coins decimal.Decimal // of a linear contract; zero: an amount is in coins
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
		return contract{kind: exchange.Inverse, base: "BTC", size: 1}, true // others of it are quanto, or in contracts of many sizes
	case venue == "deribit" && deribitInverse.MatchString(symbol):
		return contract{kind: exchange.Inverse, base: head, size: 1}, true
	case venue == "deribit" && strings.Contains(head, "_USDC"):
		return contract{kind: exchange.Linear}, true
	case venue == "huobi-dm-swap" && head == "BTC":
		return contract{kind: exchange.Inverse, base: head, size: 100}, true
	case venue == "huobi-dm-swap":
		return contract{kind: exchange.Inverse, base: head, size: 10}, true
	case venue == "bybit" && strings.HasSuffix(symbol, "USD"):
		return contract{kind: exchange.Inverse, base: strings.TrimSuffix(symbol, "USD"), size: 1}, true
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
		"say it with --contract %s=linear (amounts in coins), =linear:0.1 (in contracts of 0.1 coins), =inverse:BTC:100 (contracts of 100 USD, margined in BTC) or =spot; a quanto contract can't be replayed", key, key)
}

// parseContract reads linear, linear:COINS, spot or inverse:BASE:SIZE.
func parseContract(text string) (contract, error) {
	switch text {
	case "linear":
		return contract{kind: exchange.Linear}, nil
	case "spot":
		return contract{kind: exchange.Spot}, nil
	}
	parts := strings.Split(text, ":")
	if len(parts) == 2 && parts[0] == "linear" {
		if coins, err := decimal.NewFromString(parts[1]); err == nil && coins.IsPositive() {
			return contract{kind: exchange.Linear, coins: coins}, nil
		}
	}
	if len(parts) == 3 && parts[0] == "inverse" && parts[1] != "" {
		var size int64
		if _, err := fmt.Sscanf(parts[2]+" ", "%d ", &size); err == nil && size > 0 && fmt.Sprint(size) == parts[2] {
			return contract{kind: exchange.Inverse, base: parts[1], size: size}, nil
		}
	}
	return contract{}, fmt.Errorf("%q: want linear, linear:COINS such as linear:0.1 (contracts of 0.1 coins), spot, or inverse:BASE:SIZE such as inverse:BTC:100", text)
}

// apply makes an assumed instrument the contract.
func (c *contract) apply(in *exchange.Instrument) {
	switch {
	case c == nil:
		return
	case c.coins.IsPositive():
		sized(in, c.coins, "as was said")
		return
	case c.kind != exchange.Inverse:
		return
	}
	in.Base, in.Quote, in.Multiplier, in.ContractSize = c.base, "USD", 1, decimal.NewFromInt(c.size)
	in.Assumed = also(in.Assumed, fmt.Sprintf("an inverse contract of %d USD, margined in %s", c.size, c.base))
}

// sized makes an instrument whose lot counts contracts one of contracts of so many coins.
func sized(in *exchange.Instrument, coins decimal.Decimal, whoSays string) {
	in.Lot = jsonscan.Amount{Decimal: in.Lot.Decimal(1).Mul(coins)}.Step()
	in.ContractSize = coins
	in.Assumed = also(in.Assumed, fmt.Sprintf("contracts of %s %s, %s", coins, in.Base, whoSays))
}

// size gives an instrument whose contracts are of no known size the one that was said or that
// the recording tells.
func (o *observed) size(in *exchange.Instrument) error {
	f, ok := o.format.(connect.Unsized)
	if !ok || o.contract != nil || !f.Unsized(o.venue, o.symbol) {
		return nil
	}
	for _, key := range []string{o.fullKey(), o.tardis + ":" + o.symbol} {
		text, said := o.contracts[key]
		if !said {
			continue
		}
		c, err := parseContract(text)
		if err == nil && !c.coins.IsPositive() {
			err = fmt.Errorf("%q: want linear:COINS, how many %s one contract is, such as linear:10", text, in.Base)
		}
		if err != nil {
			return fmt.Errorf("contract %s: %w", key, err)
		}
		sized(in, c.coins, "as was said")
		return nil
	}
	if o.worth.IsPositive() {
		sized(in, o.worth, "as the recording tells")
		return nil
	}
	return fmt.Errorf("%s: its sizes are in contracts, and neither its rules nor the recording (open interest, 24-hour volume) tell how many %s one is; a wrong guess values a trade many times over: "+
		"say it with --contract %s=linear:10 (contracts of 10 %s)", o.fullKey(), in.Base, o.fullKey(), in.Base)
}

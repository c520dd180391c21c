// Package api names the three markets of Binance. Each is an API with hosts, rules
// and a wallet of its own: /api (spot), /fapi (USD-M futures) and /dapi (COIN-M
// futures). Outside of Binance's packages they are venues and wallets like others.
package api

import (
	"fmt"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// Market is one of the three, and also the wallet that backs it.
type Market uint8

const (
	Spot  Market = iota + 1
	USDM         // linear perpetuals and futures, margined in the quote asset
	COINM        // inverse perpetuals and futures, margined in the base asset
)

// Markets lists every market, in wallet order.
var Markets = [...]Market{Spot, USDM, COINM}

func (m Market) String() string {
	switch m {
	case Spot:
		return "spot"
	case USDM:
		return "usdm"
	case COINM:
		return "coinm"
	}
	return fmt.Sprintf("market(%d)", uint8(m))
}

// ParseMarket is the inverse of String.
func ParseMarket(s string) (Market, error) {
	switch strings.ToLower(s) {
	case "spot":
		return Spot, nil
	case "usdm":
		return USDM, nil
	case "coinm":
		return COINM, nil
	}
	return 0, fmt.Errorf("unknown market %q: want spot, usdm or coinm", s)
}

// House is what the names of venues and wallets begin with.
const House = "binance"

// Venue is what the rest of the program calls the market.
func (m Market) Venue() exchange.Venue { return exchange.Venue(House + "." + m.String()) }

// Wallet is what the rest of the program calls the market's wallet.
func (m Market) Wallet() exchange.Wallet { return exchange.Wallet(House + "." + m.String()) }

// Contract is what the instruments of the market are.
func (m Market) Contract() exchange.Contract {
	switch m {
	case USDM:
		return exchange.Linear
	case COINM:
		return exchange.Inverse
	}
	return exchange.Spot
}

// Linking is how the updates of the market's books follow each other.
func (m Market) Linking() exchange.Linking {
	if m == Spot {
		return exchange.LinkDense
	}
	return exchange.LinkPrevious
}

// Of returns the market that is called a venue or a wallet outside, with its house or
// without; 0 for one that is not Binance's.
func Of[T exchange.Venue | exchange.Wallet](name T) Market {
	for _, m := range Markets {
		if exchange.Within(string(name), House) == m.String() {
			return m
		}
	}
	return 0
}

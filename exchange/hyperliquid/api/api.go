// Package api names the segments of Hyperliquid, its addresses and its ids.
//
// One host serves perpetuals and spot. Each has an account of its own, of USDC and of
// coins, and both are the same address on the chain. What others deploy there (perpetual
// exchanges of builders, outcome markets) is left out.
package api

import (
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// House is the name of the venue.
const House = "hyperliquid"

// The segments, each of which has a wallet of its name.
const (
	Perp exchange.Venue = House + ".perp"
	Spot exchange.Venue = House + ".spot"
)

// The wallets. Source: the manual, info endpoint, clearinghouseState and
// spotClearinghouseState.
const (
	PerpWallet = exchange.Wallet(Perp)
	SpotWallet = exchange.Wallet(Spot)
)

// Segments are all of them, in the order in which they are told of.
var Segments = []exchange.Venue{Spot, Perp}

// Names are those of Segments, as in keys.
var Names = []string{"spot", "perp"}

// USDC is what perpetuals are margined and settled in.
const USDC = "USDC"

// Linking is how books follow each other: each message is the whole book. Source: the
// manual, subscriptions, l2Book: "snapshot feed".
const Linking = exchange.LinkSnapshots

// SpotAsset is what is added to the index of a spot pair for its number in orders. Source:
// the manual, "Asset IDs".
const SpotAsset = 10000

// Digits is how many digits of a price count, unless it is whole; the places of a price
// and of a quantity are at most MostPlaces together. Source: the manual, "Tick and lot
// size".
const Digits = 5

// MostPlaces is that of a segment.
func MostPlaces(v exchange.Venue) int {
	if v == Spot {
		return 8
	}
	return 6
}

// SegmentOf is the segment of a coin as the venue names it: pairs are @107, or PURR/USDC.
func SegmentOf(coin string) exchange.Venue {
	if strings.HasPrefix(coin, "@") || strings.Contains(coin, "/") {
		return Spot
	}
	return Perp
}

// Endpoints are where the venue is asked. An empty one is the production one.
type Endpoints struct {
	Rest string // https://api.hyperliquid.xyz
	WS   string // wss://api.hyperliquid.xyz/ws
}

// Production are the addresses of the real venue.
func Production() Endpoints {
	return Endpoints{Rest: "https://api.hyperliquid.xyz", WS: "wss://api.hyperliquid.xyz/ws"}
}

// Testnet are those of its test network.
func Testnet() Endpoints {
	return Endpoints{Rest: "https://api.hyperliquid-testnet.xyz", WS: "wss://api.hyperliquid-testnet.xyz/ws"}
}

// Complete fills in what is empty and checks the rest.
func (e Endpoints) Complete() (Endpoints, error) {
	p := Production()
	for _, x := range []struct {
		key           string
		at            *string
		usual, scheme string
	}{{"rest", &e.Rest, p.Rest, "http"}, {"ws", &e.WS, p.WS, "ws"}} {
		if *x.at == "" {
			*x.at = x.usual
		}
		u, err := url.Parse(*x.at)
		if err != nil || u.Host == "" || u.Scheme != x.scheme && u.Scheme != x.scheme+"s" || u.RawQuery != "" {
			return e, fmt.Errorf("%s = %q: want an address such as %s", x.key, *x.at, x.usual)
		}
		*x.at = strings.TrimSuffix(*x.at, "/")
	}
	return e, nil
}

// The venue's client ids are numbers of 128 bits, and ours are words: a word is a number
// in base 38, which comes back as it was.
const (
	letters   = "-0123456789abcdefghijklmnopqrstuvwxyz"
	LongestID = 24 // letters that fit
)

var base = big.NewInt(int64(len(letters) + 1)) // 0: no letter

// CloidOf is a client id as the venue takes it; "": it can't be one.
func CloidOf(id string) string {
	if id == "" || len(id) > LongestID {
		return ""
	}
	n := new(big.Int)
	for i := range len(id) {
		d := strings.IndexByte(letters, id[i])
		if d < 0 {
			return ""
		}
		n.Add(n.Mul(n, base), big.NewInt(int64(d+1)))
	}
	return fmt.Sprintf("0x%032x", n)
}

// ClientIDOf is the inverse of CloidOf. One that none of ours has comes back as it is.
func ClientIDOf(cloid string) string {
	digits, ok := strings.CutPrefix(cloid, "0x")
	n, valid := new(big.Int).SetString(digits, 16)
	if !ok || !valid {
		return cloid
	}
	var id []byte
	for digit := new(big.Int); n.Sign() > 0 && len(id) < LongestID; {
		n.DivMod(n, base, digit)
		if digit.Sign() == 0 {
			return cloid
		}
		id = append(id, letters[digit.Int64()-1])
	}
	slices.Reverse(id)
	if CloidOf(string(id)) != cloid {
		return cloid
	}
	return string(id)
}

// MarkTransfer lays the number of a transfer into the last two of the six decimals of its
// amount, because the venue's history has no id of ours; 0 when it is too small for that.
func MarkTransfer(amount decimal.Decimal, id uint64) decimal.Decimal {
	mark := decimal.New(int64(id%99)+1, -6)
	whole := amount.Sub(mark).RoundFloor(4)
	if !whole.IsPositive() {
		return decimal.Zero
	}
	return whole.Add(mark)
}

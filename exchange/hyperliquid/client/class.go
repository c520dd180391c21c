package client

import (
	"net/http"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// words are what errors say: the venue has no codes. The first that is found counts; what
// none fits is refused. Sources: the manual, "Error responses" and "Signing"; the rest is
// what adapters met: ccxt, ts/src/hyperliquid.ts, exceptions; nktkas/hyperliquid,
// tests/api/exchange.
var words = []struct {
	text   string
	class  exchange.ErrorClass
	advice string
}{
	{"Insufficient margin", exchange.ErrFunds, ""},
	{"insufficient spot balance", exchange.ErrFunds, ""},
	{"Insufficient spot balance", exchange.ErrFunds, ""},
	{"Insufficient balance", exchange.ErrFunds, ""},
	{"Insufficient USDC", exchange.ErrFunds, ""},
	{"exceed margin tier limit", exchange.ErrFunds, "the position is as large as the leverage allows"},
	{"never placed, already canceled, or filled", exchange.ErrNotFound, ""},
	{"Cannot modify canceled or filled order", exchange.ErrAlreadyFinal, ""},
	{"Duplicate cloid", exchange.ErrDuplicate, ""},
	{"duplicate cloid", exchange.ErrDuplicate, ""},
	{"Too many cumulative requests", exchange.ErrRateLimited, "an address may send 10 000 requests and one for each USDC that it traded: trade, or buy more (reserveRequestWeight)"},
	{"Too many requests", exchange.ErrRateLimited, ""},
	{"Invalid nonce", exchange.ErrClock, "another program signs with this key, or the clock is off: give each program an agent of its own"},
	{"expired", exchange.ErrClock, ""},
	{"does not exist", exchange.ErrKey, "the account knows no such agent: approve it (More, API), and set api_key to the account's own address and network to where it is"},
	{"Must deposit", exchange.ErrKey, "the account has no funds, or the agent was approved for another one"},
	{"Unable to recover signer", exchange.ErrKey, ""},
	{"Vault not registered", exchange.ErrKey, "vault is neither a vault nor a sub-account of the account"},
	{"unified account", exchange.ErrMode, unifiedAdvice},
	{"post-only orders allowed immediately after", exchange.ErrUnavailable, ""},
	{"Only post-only orders allowed", exchange.ErrUnavailable, ""},
}

const unifiedAdvice = "switch it off: Portfolio, Account mode, Disabled (userSetAbstraction)"

// classify says what an answer that is no success means, and what to do about it.
func classify(status int, text string) (exchange.ErrorClass, string) {
	switch {
	case status == http.StatusTooManyRequests:
		return exchange.ErrRateLimited, ""
	case status == http.StatusForbidden, status == http.StatusUnauthorized:
		return exchange.ErrKey, "the venue does not serve this address here"
	case status >= 500:
		return exchange.ErrUnknown, ""
	}
	for _, w := range words {
		if strings.Contains(text, w.text) {
			return w.class, w.advice
		}
	}
	return exchange.ErrRefused, ""
}

// Unmatched reports whether an error says that an order of which nothing may rest met
// nothing: it is over, and nobody's fault. Source: the manual, "Error responses",
// IocCancel and MarketOrderNoLiquidity.
func Unmatched(text string) bool {
	return strings.Contains(text, "could not immediately match") || strings.Contains(text, "No liquidity available")
}

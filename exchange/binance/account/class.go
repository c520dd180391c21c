package account

import (
	"errors"
	"net/http"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/sign"
)

// meaning is what a code says on spot, USD-M and COIN-M: the same number can
// mean different things. A 0 is for a market that does not have the code.
type meaning struct {
	code              int
	spot, usdm, coinm exchange.ErrorClass
}

// everywhere is a code that means the same in all three.
func everywhere(code int, c exchange.ErrorClass) meaning { return meaning{code, c, c, c} }

// onFutures is one that spot does not have.
func onFutures(code int, c exchange.ErrorClass) meaning { return meaning{code, 0, c, c} }

// meanings are the codes that do not simply refuse, and those that do so in one
// market and not in another. Source: the error tables of the three manuals; that
// a code of 4xx which is not here has refused is what HTTP says of 4xx.
var meanings = []meaning{
	// It may have been carried out.
	everywhere(-1000, exchange.ErrUnknown),                                         // unknown error
	everywhere(-1006, exchange.ErrUnknown),                                         // unexpected answer from the message bus
	everywhere(-1007, exchange.ErrUnknown),                                         // no answer from the backend in time
	{-1001, exchange.ErrUnknown, exchange.ErrUnavailable, exchange.ErrUnavailable}, // internal error: futures promise that nothing was done

	// Not carried out; the same may be asked again.
	everywhere(-1003, exchange.ErrRateLimited), // weight, or a ban
	everywhere(-1008, exchange.ErrUnavailable), // overload; what reduces risk is exempt
	everywhere(-1015, exchange.ErrRateLimited), // too many orders
	everywhere(-1016, exchange.ErrUnavailable), // maintenance
	everywhere(-1021, exchange.ErrClock),
	{-1034, exchange.ErrRateLimited, 0, 0},    // too many connections
	{-4188, 0, 0, exchange.ErrClock},          // at the engine
	{-5028, 0, exchange.ErrClock, 0},          // at the engine
	onFutures(-5043, exchange.ErrUnavailable), // the last modification is still under way

	// It is so already.
	{-2035, exchange.ErrNoChange, 0, 0},    // subscribed
	onFutures(-4046, exchange.ErrNoChange), // margin type
	onFutures(-4059, exchange.ErrNoChange), // position mode
	{-4171, 0, exchange.ErrNoChange, 0},    // multi-assets mode
	{-4197, 0, 0, exchange.ErrNoChange},    // nothing to modify
	{-5027, 0, exchange.ErrNoChange, 0},    // nothing to modify

	// Refused, and why.
	onFutures(-4116, exchange.ErrDuplicate),     // an order with this client id is open
	everywhere(-2011, exchange.ErrAlreadyFinal), // of a cancel: no such order is open
	everywhere(-2013, exchange.ErrNotFound),
	onFutures(-2018, exchange.ErrFunds), // balance
	onFutures(-2019, exchange.ErrFunds), // margin
	{-5013, exchange.ErrFunds, 0, 0},    // of a transfer
	onFutures(-4061, exchange.ErrMode),  // the position side is not one of the account's mode
	everywhere(-1022, exchange.ErrKey),  // signature
	everywhere(-2008, exchange.ErrKey),
	everywhere(-2014, exchange.ErrKey),
	everywhere(-2015, exchange.ErrKey), // key, permissions or address
}

// spotRefusals are what spot says with -2010, by which it refuses an order in words.
var spotRefusals = []struct {
	begins string
	class  exchange.ErrorClass
}{
	{"Duplicate order sent", exchange.ErrDuplicate}, // an open order has the client id
	{"Account has insufficient balance", exchange.ErrFunds},
}

func (m *meaning) in(market api.Market) exchange.ErrorClass {
	return [...]exchange.ErrorClass{api.Spot: m.spot, api.USDM: m.usdm, api.COINM: m.coinm}[market]
}

// classOfCode returns what a code means in a market, or 0 when the table has
// nothing special on it.
func classOfCode(m api.Market, code int, msg string) exchange.ErrorClass {
	for i := range meanings {
		if meanings[i].code == code {
			return meanings[i].in(m)
		}
	}
	if m == api.Spot && code == -2010 {
		for _, r := range spotRefusals {
			if strings.HasPrefix(msg, r.begins) {
				return r.class
			}
		}
	}
	return 0
}

// Words of futures with HTTP 503 and no code of their own. Only the first is
// said of a request that was sent on.
const (
	sentOn      = "Unknown error"
	unavailable = "Service Unavailable"
)

// classify says what an answer that is no success means for a request. A
// read changes nothing, so whatever became of it, it may be asked again.
func classify(m api.Market, changes bool, status, code int, msg string) exchange.ErrorClass {
	class := classOfAnswer(m, status, code, msg)
	if class == exchange.ErrUnknown && !changes {
		return exchange.ErrUnavailable
	}
	return class
}

func classOfAnswer(m api.Market, status, code int, msg string) exchange.ErrorClass {
	switch {
	case status == http.StatusTooManyRequests || status == http.StatusTeapot:
		return exchange.ErrRateLimited
	case status == http.StatusRequestTimeout:
		return exchange.ErrUnknown
	case status >= 500:
		return classOfFailure(m, code, msg)
	}
	if class := classOfCode(m, code, msg); class != 0 {
		return class
	}
	if status >= 400 {
		return exchange.ErrRefused
	}
	return exchange.ErrUnknown
}

// classOfFailure is for 5xx. Spot promises nothing of any of them; futures say
// of some that nothing was done. An answer without a code is a proxy's page.
func classOfFailure(m api.Market, code int, msg string) exchange.ErrorClass {
	if code == -1008 {
		return exchange.ErrUnavailable
	}
	if m == api.Spot || strings.HasPrefix(msg, sentOn) {
		return exchange.ErrUnknown
	}
	if classOfCode(m, code, msg).Again() || strings.HasPrefix(msg, unavailable) {
		return exchange.ErrUnavailable
	}
	return exchange.ErrUnknown
}

// clockRefused reports whether the timestamp was not accepted, at the door or at the
// engine. Either way the request was thrown away.
func clockRefused(e *exchange.VenueError) bool {
	return e.Class == exchange.ErrClock && e.HTTP >= 400 && e.HTTP < 500
}

// keyAdvice is what to do about a refusal that has to do with the key, by code.
var keyAdvice = map[string]string{
	"-2014": "the key is not one of this venue: is it of the test network, or of another one?",
	"-2008": "the key is not one of this venue: is it of the test network, or of another one?",
	"-2015": "the venue does not know the key (a key of the test network is none of the real venue, and the other way round: network in [venue.binance]), or it may not do this, or not from this address: look at the key's permissions and its list of addresses",
	"-1022": "the secret does not belong to the key",
}

// advice says what a person can do about an error; "" when it says so itself.
func advice(e *exchange.VenueError) string {
	skew := (*sign.SkewError)(nil)
	switch {
	case errors.As(e.Err, &skew):
		return ""
	case e.Class == exchange.ErrKey:
		return keyAdvice[e.Code]
	case e.Class == exchange.ErrMode:
		return "the account's position mode is not the one it was signed in with: stop and begin again"
	case e.Class == exchange.ErrClock:
		return "set this machine's clock: it must keep within a second of the venue's"
	case e.Class == exchange.ErrUnknown || e.HTTP == 0:
		return "look at the network and at the addresses in [venue.binance]"
	}
	return ""
}

// ordersUntil is when the window of -1015 ends, which names it: "current limit
// is 300 orders per 10 SECOND".
func ordersUntil(msg string, now exchange.Time) exchange.Time {
	window := 10 * exchange.Second
	switch {
	case strings.Contains(msg, "DAY"):
		window = exchange.Day
	case strings.Contains(msg, "MINUTE"):
		window = exchange.Minute
	}
	return now - now%window + window
}

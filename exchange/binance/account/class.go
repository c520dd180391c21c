package account

import (
	"net/http"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
)

// meaning is what a code says on spot, USD-M and COIN-M: the same number can
// mean different things. A 0 is for a market that does not have the code.
type meaning struct {
	code              int
	spot, usdm, coinm Class
}

// meanings are the codes that do not simply refuse, and those that do so in one
// market and not in another. Source: the error tables of the three manuals; that
// a code of 4xx which is not here has refused is what HTTP says of 4xx.
var meanings = []meaning{
	// It may have been carried out.
	{-1000, Unknown, Unknown, Unknown}, // unknown error
	{-1006, Unknown, Unknown, Unknown}, // unexpected answer from the message bus
	{-1007, Unknown, Unknown, Unknown}, // no answer from the backend in time
	{-1001, Unknown, Later, Later},     // internal error: futures promise that nothing was done

	// Not carried out; the same may be asked again.
	{-1003, Later, Later, Later}, // weight, or a ban
	{-1008, Later, Later, Later}, // overload; what reduces risk is exempt
	{-1015, Later, Later, Later}, // too many orders
	{-1016, Later, Later, Later}, // maintenance
	{-1021, Later, Later, Later}, // clock
	{-1034, Later, 0, 0},         // too many connections
	{-4188, 0, 0, Later},         // clock, at the engine
	{-5028, 0, Later, 0},         // clock, at the engine
	{-5043, 0, Later, Later},     // the last modification is still under way

	// It is so already.
	{-2035, Already, 0, 0},       // subscribed
	{-4046, 0, Already, Already}, // margin type
	{-4059, 0, Already, Already}, // position mode
	{-4116, 0, Already, Already}, // an order with this client id is open
	{-4171, 0, Already, 0},       // multi-assets mode
	{-4197, 0, 0, Already},       // nothing to modify
	{-5027, 0, Already, 0},       // nothing to modify
}

// duplicate is what spot says, with -2010, of a client id that an open order has.
const duplicate = "Duplicate order sent"

func (m *meaning) in(market api.Market) Class {
	return [...]Class{api.Spot: m.spot, api.USDM: m.usdm, api.COINM: m.coinm}[market]
}

// classOfCode returns what a code means in a market, or 0 when the table has
// nothing special on it.
func classOfCode(m api.Market, code int, msg string) Class {
	for i := range meanings {
		if meanings[i].code == code {
			return meanings[i].in(m)
		}
	}
	if m == api.Spot && code == -2010 && strings.HasPrefix(msg, duplicate) {
		return Already
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
// question changes nothing, so whatever became of it, it may be asked again.
func classify(m api.Market, changes bool, status, code int, msg string) Class {
	class := classOfAnswer(m, status, code, msg)
	if class == Unknown && !changes {
		return Later
	}
	return class
}

func classOfAnswer(m api.Market, status, code int, msg string) Class {
	switch {
	case status == http.StatusTooManyRequests || status == http.StatusTeapot:
		return Later
	case status == http.StatusRequestTimeout:
		return Unknown
	case status >= 500:
		return classOfFailure(m, code, msg)
	}
	if class := classOfCode(m, code, msg); class != 0 {
		return class
	}
	if status >= 400 {
		return Refused
	}
	return Unknown
}

// classOfFailure is for 5xx. Spot promises nothing of any of them; futures say
// of some that nothing was done. An answer without a code is a proxy's page.
func classOfFailure(m api.Market, code int, msg string) Class {
	if code == -1008 {
		return Later
	}
	if m == api.Spot || strings.HasPrefix(msg, sentOn) {
		return Unknown
	}
	if classOfCode(m, code, msg) == Later || strings.HasPrefix(msg, unavailable) {
		return Later
	}
	return Unknown
}

// clockRefused reports whether the timestamp was not accepted, at the door or at the
// engine. Either way the request was thrown away.
func clockRefused(m api.Market, f *Fault) bool {
	if f.Class != Later || f.HTTP < 400 || f.HTTP >= 500 {
		return false
	}
	switch f.Code {
	case -1021:
		return true
	case -5028:
		return m == api.USDM
	case -4188:
		return m == api.COINM
	}
	return false
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

package simfront

import (
	"fmt"
	"net/http"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
)

// fault is an answer that refuses: an HTTP status and the exchange's code and
// words. Source of codes: the error tables of spot, USD-M and COIN-M.
type fault struct {
	status int
	code   int
	msg    string
	extra  []field // beside code and msg
	// retryAfter is sent as a header, in seconds; 0: none. retryAt is the same
	// for the WebSocket API.
	retryAfter int64
	retryAt    exchange.Time
}

func (f *fault) body() object {
	return object{{"code", f.code}, {"msg", f.msg}}.with(f.extra...)
}

// bad is a request that is wrong: HTTP 400.
func bad(code int, format string, args ...any) *fault {
	return &fault{status: http.StatusBadRequest, code: code, msg: fmt.Sprintf(format, args...)}
}

// unauthorised is a key that is not accepted: HTTP 401.
func unauthorised(code int, msg string) *fault {
	return &fault{status: http.StatusUnauthorized, code: code, msg: msg}
}

func missing(name string) *fault {
	return bad(-1102, "Mandatory parameter '%s' was not sent, was empty/null, or malformed.", name)
}

func invalidSymbol() *fault { return bad(-1121, "Invalid symbol.") }

var (
	errBadKeyFormat = unauthorised(-2014, "API-key format invalid.")
	errBadKey       = unauthorised(-2015, "Invalid API-key, IP, or permissions for action.")
	errSignature    = bad(-1022, "Signature for this request is not valid.")
	errLate         = bad(-1021, "Timestamp for this request is outside of the recvWindow.")
	errAhead        = bad(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
	errNoOrder      = bad(-2013, "Order does not exist.")
	errCancel       = bad(-2011, "Unknown order sent.")
	errListenKey    = bad(-1125, "This listenKey does not exist.")
	errUnsupported  = bad(-1020, "This operation is not supported.")
	errNotFound     = &fault{status: http.StatusNotFound, code: -5000, msg: "Path not found."}
)

// notSimulated refuses by name what this exchange does not have, so that nobody
// takes it for an outage.
func notSimulated(what string) *fault {
	return &fault{status: http.StatusNotFound, code: -5000, msg: "Path not found: " + what + " is not simulated here."}
}

// unsupported refuses by name what is only known in part.
func unsupported(why string) *fault {
	return bad(-1020, "This operation is not supported: %s.", why)
}

// officialWords are the exchange's sentences for what the paper venue
// explains in more detail; a client may look at them.
var officialWords = map[int]string{
	-2019: "Margin is insufficient.",
	-2022: "ReduceOnly Order is rejected.",
	-2027: "Exceeded the maximum allowable position at current leverage.",
	-5021: "Due to the order could not be filled immediately, the FOK order has been rejected. The order will not be recorded in the order history",
	-5022: "Due to the order could not be executed as maker, the Post Only order will be rejected. The order will not be recorded in the order history",
	-4131: "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
	-4113: "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
}

// refusalCodes are the exchange's codes of what the matching venue refuses, on spot,
// USD-M and COIN-M.
var refusalCodes = map[paper.Rule][3]int{
	paper.RuleInstrument:   {-1121, -1121, -1121},
	paper.RuleSide:         {-1117, -1117, -1117},
	paper.RuleType:         {-1116, -1116, -1116},
	paper.RuleTIF:          {-1115, -1115, -1115},
	paper.RuleSpot:         {-1106, -1106, -1106},
	paper.RuleDelivered:    {-4140, -4140, -4140},
	paper.RulePrice:        {-1013, -4013, -4013},
	paper.RuleQty:          {-1013, -4003, -4003},
	paper.RuleMinQty:       {-1013, -4004, -4004},
	paper.RuleMaxQty:       {-1013, -4005, -4005},
	paper.RuleMaxPrice:     {-1013, -4016, -4016},
	paper.RuleMinPrice:     {-1013, -4024, -4024},
	paper.RuleNotional:     {-1013, -4164, -4178},
	paper.RuleCounterparty: {-1013, -4131, -4113},
	paper.RulePostOnly:     {-2010, -5022, -5022},
	paper.RuleFOK:          {-2010, -5021, -5021},
	paper.RuleReduceOnly:   {-2022, -2022, -2022},
	paper.RuleFunds:        {-2010, -2010, -2010},
	paper.RuleMargin:       {-2019, -2019, -2019},
	paper.RuleLeverage:     {-2027, -2027, -2027},
	paper.RuleDuplicate:    {-2010, -4116, -4116},
	paper.RuleUnknown:      {-2011, -2011, -2011},
	paper.RulePositionSide: {-4061, -4061, -4061},
}

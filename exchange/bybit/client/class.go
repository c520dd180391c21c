package client

import (
	"net/http"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// classes are the codes that do not simply refuse. Source: the error table of v5 (2026),
// and what was seen where it is silent; a code that is not here has refused, except in
// the ranges of the servers' own failures.
var classes = map[int]exchange.ErrorClass{
	// It may have been carried out.
	10000: exchange.ErrUnknown, 10016: exchange.ErrUnknown, 10019: exchange.ErrUnknown,
	170001: exchange.ErrUnknown, 170007: exchange.ErrUnknown, 170032: exchange.ErrUnknown,
	170146: exchange.ErrUnknown, 170147: exchange.ErrUnknown, 170310: exchange.ErrUnknown, // of a create, a cancel, an amendment

	// Not carried out; the same may be asked again.
	10006: exchange.ErrRateLimited, 10018: exchange.ErrRateLimited, 20003: exchange.ErrRateLimited, 10403: exchange.ErrRateLimited, 10429: exchange.ErrRateLimited,
	170005: exchange.ErrRateLimited, 170222: exchange.ErrRateLimited,
	110079: exchange.ErrUnavailable, 40004: exchange.ErrUnavailable, 170212: exchange.ErrUnavailable, 170191: exchange.ErrUnavailable,
	170144: exchange.ErrUnavailable, 110063: exchange.ErrUnavailable, // funding is being settled
	10002: exchange.ErrClock, -1: exchange.ErrClock,

	// It is so already.
	110025: exchange.ErrNoChange, 110026: exchange.ErrNoChange, 110043: exchange.ErrNoChange, 34040: exchange.ErrNoChange,

	// Refused, and why.
	110072: exchange.ErrDuplicate, 170141: exchange.ErrDuplicate, 10014: exchange.ErrDuplicate, 20006: exchange.ErrDuplicate,
	110001: exchange.ErrNotFound, 170213: exchange.ErrNotFound, 170143: exchange.ErrNotFound,
	110008: exchange.ErrAlreadyFinal, 110010: exchange.ErrAlreadyFinal, 170139: exchange.ErrAlreadyFinal, 170142: exchange.ErrAlreadyFinal, 170190: exchange.ErrAlreadyFinal,
	110004: exchange.ErrFunds, 110006: exchange.ErrFunds, 110007: exchange.ErrFunds, 110012: exchange.ErrFunds, 110044: exchange.ErrFunds,
	110045: exchange.ErrFunds, 110051: exchange.ErrFunds, 110052: exchange.ErrFunds, 110053: exchange.ErrFunds,
	170131: exchange.ErrFunds, 170033: exchange.ErrFunds, 131212: exchange.ErrFunds, 131214: exchange.ErrFunds, 131228: exchange.ErrFunds, // the last three of a transfer
	10032:  exchange.ErrMode, // not in demo trading
	110023: exchange.ErrMode, 110074: exchange.ErrMode, 30228: exchange.ErrMode,
	10003: exchange.ErrKey, 10004: exchange.ErrKey, 10005: exchange.ErrKey, 10007: exchange.ErrKey, 10009: exchange.ErrKey, 10010: exchange.ErrKey,
	10024: exchange.ErrKey, 10028: exchange.ErrKey, 33004: exchange.ErrKey,
}

// classify says what an answer that is no success means.
func classify(changes bool, status, code int, msg string) exchange.ErrorClass {
	class := classOf(status, code, msg)
	if class == exchange.ErrUnknown && !changes {
		return exchange.ErrUnavailable // a question may be asked again
	}
	return class
}

func classOf(status, code int, msg string) exchange.ErrorClass {
	if class, ok := classes[code]; ok && code != 0 {
		return class
	}
	switch {
	case code == 10001 && strings.Contains(msg, "position idx"): // "position idx not match position mode"
		return exchange.ErrMode
	case code != 0:
		return exchange.ErrRefused
	case status == http.StatusForbidden, status == http.StatusTooManyRequests: // "access too frequent"
		return exchange.ErrRateLimited
	case status == http.StatusUnauthorized:
		return exchange.ErrKey
	case status == http.StatusNotFound, status == http.StatusBadRequest, status == http.StatusMethodNotAllowed:
		return exchange.ErrRefused
	}
	return exchange.ErrUnknown // a page of a proxy, or no envelope
}

// advice is what to do about a refusal.
func advice(e *exchange.VenueError) string {
	if text := advices[e.Code]; text != "" {
		return text
	}
	if e.Class == exchange.ErrClock && e.Advice == "" {
		return "set this machine's clock: a stamp that is over a second ahead of the venue's is refused, however wide recv_window is"
	}
	return e.Advice
}

var advices = map[string]string{
	"110023": "the venue lets positions of this symbol only be reduced now",
	"110074": "the symbol is not traded now",
	"30228":  "the symbol is being delisted: close what is held",
	"10003":  "the key is not one of this place: is it of the test network or of demo trading?",
	"10004":  "the secret does not belong to the key",
	"10005":  "enable unified trading (orders and positions), spot and account transfer for the key",
	"10010":  "add this machine's address to those of the key",
	"10024":  "the venue does not serve this account here: see its page on regions",
	"33004":  "the key has expired: make a new one",
}

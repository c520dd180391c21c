package client

import (
	"net/http"

	"github.com/perilune/perilune/exchange"
)

// classes are the codes that do not simply refuse. Source: the manual, "Error codes", the
// full list; the short one of the articles contradicts it. A code that is not here has
// refused.
var classes = map[int]exchange.ErrorClass{
	// It may have been carried out: the label tells.
	13028: exchange.ErrUnknown, 11094: exchange.ErrUnknown,

	// Not carried out; the same may be asked again.
	10028: exchange.ErrRateLimited, 10066: exchange.ErrRateLimited, 13903: exchange.ErrRateLimited,
	10040: exchange.ErrUnavailable, 10041: exchange.ErrUnavailable, 10047: exchange.ErrUnavailable, 11051: exchange.ErrUnavailable,
	10048: exchange.ErrUnavailable, 13503: exchange.ErrUnavailable, 13888: exchange.ErrUnavailable, // the last: valid_until was over

	// Of an order that is named.
	10004: exchange.ErrNotFound,
	10010: exchange.ErrAlreadyFinal, 11008: exchange.ErrAlreadyFinal, 11044: exchange.ErrAlreadyFinal, 13777: exchange.ErrAlreadyFinal,

	10009: exchange.ErrFunds, 10039: exchange.ErrFunds, 10013: exchange.ErrFunds, 10014: exchange.ErrFunds, 10015: exchange.ErrFunds,
	10016: exchange.ErrFunds, 10017: exchange.ErrFunds, 10018: exchange.ErrFunds, 10037: exchange.ErrFunds, 10038: exchange.ErrFunds,

	10019: exchange.ErrMode, 11098: exchange.ErrMode, 10072: exchange.ErrMode, 13025: exchange.ErrMode, 12004: exchange.ErrMode,

	10000: exchange.ErrKey, 13004: exchange.ErrKey, 13009: exchange.ErrKey, 13021: exchange.ErrKey, 11042: exchange.ErrKey, 13778: exchange.ErrKey,
	11056: exchange.ErrKey, 12003: exchange.ErrKey, 12005: exchange.ErrKey,
}

// classify says what an answer that is no success means. A refused timestamp has no code of
// its own: the clocks are compared before anything is signed.
func classify(status, code int) exchange.ErrorClass {
	if class, ok := classes[code]; ok {
		return class
	}
	switch {
	case code != 0:
		return exchange.ErrRefused
	case status == http.StatusTooManyRequests:
		return exchange.ErrRateLimited // more than 32 connections of the address
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return exchange.ErrKey
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed:
		return exchange.ErrRefused
	}
	return exchange.ErrUnknown // a page of a proxy, or no envelope
}

// advice is what a person can do about a refusal.
var advice = map[int]string{
	10000: "the request was not signed by a key",
	13004: "the key is not one of this place: keys of test.deribit.com and www.deribit.com are different ones; or the secret does not belong to it",
	13009: "the token has expired or the key was changed",
	13021: "give the key the scopes account:read and trade:read_write",
	12005: "the venue does not serve this account from this country",
	10019: "the venue has locked the account: see its messages",
	11098: "the account is locked: unlock it on the venue's page",
	10049: "cancel-on-disconnect could not be enabled",
}

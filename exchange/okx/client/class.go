package client

import (
	"net/http"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// classes are the codes that do not simply refuse. Source: the manual, "Error codes"
// (2026-08), and live adapters where it is silent: a cancel that is answered 50014 leaves
// the order alive, so it is a refusal and no word on the order.
var classes = map[string]exchange.ErrorClass{
	// It may have been carried out: the texts say so ("does not mean that the request was
	// successful or failed, please check").
	"50001": exchange.ErrUnknown, "50004": exchange.ErrUnknown, "50013": exchange.ErrUnknown, "50026": exchange.ErrUnknown,
	"51054": exchange.ErrUnknown, "51149": exchange.ErrUnknown, "51412": exchange.ErrUnknown, "64007": exchange.ErrUnknown,
	"58124": exchange.ErrUnknown, // a transfer is being processed

	// Not carried out; the same may be asked again.
	"50011": exchange.ErrRateLimited, "50040": exchange.ErrRateLimited, "50061": exchange.ErrRateLimited, "58102": exchange.ErrRateLimited,
	"51513": exchange.ErrUnavailable,                                   // over three amendments of the order are under way
	"51030": exchange.ErrUnavailable,                                   // funding is being settled
	"50036": exchange.ErrUnavailable, "50037": exchange.ErrUnavailable, // expTime has passed
	"50102": exchange.ErrClock, "50112": exchange.ErrClock, "60004": exchange.ErrClock, "60006": exchange.ErrClock,

	// It is so already.
	"51410": exchange.ErrNoChange, // the order is being canceled

	// Refused, and why.
	"51016": exchange.ErrDuplicate, "50071": exchange.ErrDuplicate,
	"51603": exchange.ErrNotFound,
	"51400": exchange.ErrAlreadyFinal, "51401": exchange.ErrAlreadyFinal, "51402": exchange.ErrAlreadyFinal, // filled, canceled or never there
	"51503": exchange.ErrAlreadyFinal, "51509": exchange.ErrAlreadyFinal, "51510": exchange.ErrAlreadyFinal,
	"51004": exchange.ErrFunds, "51008": exchange.ErrFunds, "51119": exchange.ErrFunds, "51127": exchange.ErrFunds, "51131": exchange.ErrFunds,
	"51502": exchange.ErrFunds, "58350": exchange.ErrFunds, "59200": exchange.ErrFunds,
	"51010": exchange.ErrMode, "59000": exchange.ErrMode,
}

// classOf says what a code or, where there is none, a status means. Keys and permissions are
// 50100 to 50119 over HTTP and 60005 to 60032 on streams.
func classOf(status int, code, msg string) exchange.ErrorClass {
	class, ok := classes[code]
	switch {
	case ok:
		return class
	case code >= "50100" && code <= "50119" && len(code) == 5, code == "60005", code == "60007", code == "60009", code == "60024", code == "60032", code == "64003":
		return exchange.ErrKey
	case code == "51000" && strings.Contains(msg, "posSide"): // "Parameter posSide error"
		return exchange.ErrMode
	case code != "" && code != "0":
		return exchange.ErrRefused
	case status == http.StatusTooManyRequests:
		return exchange.ErrRateLimited
	case status == http.StatusUnauthorized:
		return exchange.ErrKey
	case status == http.StatusForbidden: // of the network before the venue: too many requests, or a region
		return exchange.ErrRateLimited
	case status == http.StatusNotFound, status == http.StatusBadRequest, status == http.StatusMethodNotAllowed:
		return exchange.ErrRefused
	}
	return exchange.ErrUnknown // a page of a proxy, or no envelope
}

// keyAdvice is what to do about a refusal that has to do with the key.
var keyAdvice = map[string]string{
	"50101": "the key is of the other environment: set demo = true in [venue.okx] for a key of demo trading, and leave it out for another",
	"50105": "the passphrase is not the key's: it was chosen when the key was made",
	"50110": "add this machine's address to those of the key",
	"50111": "the name of the key is not known here: is it of another region? Set region in [venue.okx]",
	"50113": "the secret does not belong to the key",
	"50114": "permit the key to read and to trade",
	"50119": "the key does not exist here: is it of another region? Set region in [venue.okx]",
	"60005": "the name of the key is not known here",
	"60007": "the secret does not belong to the key",
	"60024": "the passphrase is not the key's: it was chosen when the key was made",
	"60032": "the key does not exist here: is it of another region or of demo trading?",
}

package account

import (
	"net/http"
	"slices"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/weight"
	"github.com/perilune/perilune/exchange/limit"
)

// Every code of the three error tables, and what it means of an order. A zero
// is for a market that does not have the code.
var codes = []struct {
	code              int
	status            int
	msg               string
	spot, usdm, coinm exchange.ErrorClass
}{
	// Nobody knows.
	{-1000, 503, "Unknown error, please check your request or try again later.", exchange.ErrUnknown, exchange.ErrUnknown, exchange.ErrUnknown},
	{-1000, 400, "An unknown error occurred while processing the request.", exchange.ErrUnknown, exchange.ErrUnknown, exchange.ErrUnknown},
	{-1006, 400, "An unexpected response was received from the message bus. Execution status unknown.", exchange.ErrUnknown, exchange.ErrUnknown, exchange.ErrUnknown},
	{-1007, 408, "Timeout waiting for response from backend server. Send status unknown; execution status unknown.", exchange.ErrUnknown, exchange.ErrUnknown, exchange.ErrUnknown},
	{-1007, 400, "Timeout waiting for response from backend server.", exchange.ErrUnknown, exchange.ErrUnknown, exchange.ErrUnknown},
	{0, 408, "", exchange.ErrUnknown, exchange.ErrUnknown, exchange.ErrUnknown},
	{0, 500, "", exchange.ErrUnknown, exchange.ErrUnknown, exchange.ErrUnknown},
	{0, 502, "<html>Bad Gateway</html>", exchange.ErrUnknown, exchange.ErrUnknown, exchange.ErrUnknown},
	{0, 504, "<html>Gateway Time-out</html>", exchange.ErrUnknown, exchange.ErrUnknown, exchange.ErrUnknown},

	// Not carried out, and may be asked again.
	{-1001, 503, "Internal error; unable to process your request. Please try again.", exchange.ErrUnknown, exchange.ErrUnavailable, exchange.ErrUnavailable},
	{0, 503, "Service Unavailable.", exchange.ErrUnknown, exchange.ErrUnavailable, exchange.ErrUnavailable},
	{-1003, 429, "Too much request weight used.", exchange.ErrRateLimited, exchange.ErrRateLimited, exchange.ErrRateLimited},
	{-1003, 418, "Way too many requests; IP banned until 1782800600000.", exchange.ErrRateLimited, exchange.ErrRateLimited, exchange.ErrRateLimited},
	{0, 429, "", exchange.ErrRateLimited, exchange.ErrRateLimited, exchange.ErrRateLimited},
	{0, 418, "", exchange.ErrRateLimited, exchange.ErrRateLimited, exchange.ErrRateLimited},
	{-1008, 503, "Request throttled by system-level protection.", exchange.ErrUnavailable, exchange.ErrUnavailable, exchange.ErrUnavailable},
	{-1015, 429, "Too many new orders; current limit is 300 orders per 10 SECOND.", exchange.ErrRateLimited, exchange.ErrRateLimited, exchange.ErrRateLimited},
	{-1016, 400, "This service is no longer available.", exchange.ErrUnavailable, exchange.ErrUnavailable, exchange.ErrUnavailable},
	{-1021, 400, "Timestamp for this request is outside of the recvWindow.", exchange.ErrClock, exchange.ErrClock, exchange.ErrClock},
	{-1034, 400, "Too many connections are requested at the same time.", exchange.ErrRateLimited, 0, 0},
	{-5028, 400, "Timestamp for this request is outside of the ME recvWindow.", 0, exchange.ErrClock, 0},
	{-4188, 400, "Timestamp for this request is outside of the ME recvWindow.", 0, 0, exchange.ErrClock},
	{-5043, 400, "A pending modification already exists for this order.", 0, exchange.ErrUnavailable, exchange.ErrUnavailable},

	// So already.
	{-2010, 400, "Duplicate order sent.", exchange.ErrDuplicate, 0, 0},
	{-4116, 400, "ClientOrderId is duplicated.", 0, exchange.ErrDuplicate, exchange.ErrDuplicate},
	{-2035, 400, "User is already subscribed.", exchange.ErrNoChange, 0, 0},
	{-4046, 400, "No need to change margin type.", 0, exchange.ErrNoChange, exchange.ErrNoChange},
	{-4059, 400, "No need to change position side.", 0, exchange.ErrNoChange, exchange.ErrNoChange},
	{-4171, 400, "No need to change multi-assets mode.", 0, exchange.ErrNoChange, 0},
	{-5027, 400, "No need to modify the order.", 0, exchange.ErrNoChange, 0},
	{-4197, 400, "No need to modify the order.", 0, 0, exchange.ErrNoChange},

	// No. What the same number means elsewhere does not matter here.
	{-2010, 400, "Account has insufficient balance for requested action.", exchange.ErrFunds, 0, 0},
	{-2010, 400, "Order would immediately match and take.", exchange.ErrRefused, 0, 0},
	{-2011, 400, "Unknown order sent.", exchange.ErrAlreadyFinal, exchange.ErrAlreadyFinal, exchange.ErrAlreadyFinal},
	{-2013, 400, "Order does not exist.", exchange.ErrNotFound, exchange.ErrNotFound, exchange.ErrNotFound},
	{-2014, 401, "API-key format invalid.", exchange.ErrKey, exchange.ErrKey, exchange.ErrKey},
	{-2015, 401, "Invalid API-key, IP, or permissions for action.", exchange.ErrKey, exchange.ErrKey, exchange.ErrKey},
	{-1022, 400, "Signature for this request is not valid.", exchange.ErrKey, exchange.ErrKey, exchange.ErrKey},
	{-2008, 400, "Invalid Api-Key ID.", exchange.ErrKey, exchange.ErrKey, exchange.ErrKey},
	{-2018, 400, "Balance is insufficient.", 0, exchange.ErrFunds, exchange.ErrFunds},
	{-2019, 400, "Margin is insufficient.", 0, exchange.ErrFunds, exchange.ErrFunds},
	{-4061, 400, "Order's position side does not match user's setting.", 0, exchange.ErrMode, exchange.ErrMode},
	{-5013, 400, "Asset transfer failed: insufficient balance.", exchange.ErrFunds, 0, 0},
	{-2021, 400, "Order would immediately trigger.", exchange.ErrRefused, exchange.ErrRefused, exchange.ErrRefused},
	{-2022, 400, "ReduceOnly Order is rejected.", exchange.ErrRefused, exchange.ErrRefused, exchange.ErrRefused},
	{-2026, 400, "", exchange.ErrRefused, exchange.ErrRefused, exchange.ErrRefused},
	{-1125, 400, "This listenKey does not exist.", exchange.ErrRefused, exchange.ErrRefused, exchange.ErrRefused},
	{0, 403, "<html>forbidden</html>", exchange.ErrRefused, exchange.ErrRefused, exchange.ErrRefused},
	{0, 404, "", exchange.ErrRefused, exchange.ErrRefused, exchange.ErrRefused},
}

// Codes that refuse, whatever the words.
var refusals = []int{
	-1002, -1013, -1014, -1020, -1100, -1101, -1102, -1103, -1104, -1105, -1106, -1108, -1109, -1111, -1112, -1114, -1115, -1116, -1117, -1118,
	-1121, -1122, -1127, -1128, -1130, -1099, -2017, -2020, -2023, -2024, -2025, -2027, -2028, -2036, -2038, -2039, -2042, -2043,
	-4002, -4003, -4004, -4005, -4013, -4014, -4015, -4016, -4023, -4024, -4028, -4045, -4047, -4048, -4060, -4062, -4067, -4068, -4087, -4088,
	-4089, -4090, -4105, -4106, -4107, -4109, -4112, -4113, -4117, -4118, -4120, -4131, -4137, -4138, -4142, -4150, -4161, -4164, -4178, -4189, -4192,
	-4196, -4198, -4199, -4220, -4400, -4401, -4531, -5000, -5021, -5022, -5024, -5025, -5026, -5029, -5037, -5038, -5039, -5040, -5041, -5047,
}

func TestEveryCode(t *testing.T) {
	check := func(m api.Market, status, code int, msg string, want exchange.ErrorClass) {
		t.Helper()
		if got := classify(m, true, status, code, msg); got != want {
			t.Errorf("%v: HTTP %d, code %d %q: class %v, want %v", m, status, code, msg, got, want)
		}
	}
	for _, c := range codes {
		for m, want := range map[api.Market]exchange.ErrorClass{api.Spot: c.spot, api.USDM: c.usdm, api.COINM: c.coinm} {
			if want != 0 {
				check(m, c.status, c.code, c.msg, want)
			}
		}
	}
	for _, code := range refusals {
		for _, m := range api.Markets {
			check(m, 400, code, "", exchange.ErrRefused)
		}
	}
}

// Every row of the table is tried above.
func TestEveryMeaningIsTried(t *testing.T) {
	for _, row := range meanings {
		tried := false
		for _, c := range codes {
			tried = tried || c.code == row.code
		}
		if !tried || slices.Contains(refusals, row.code) {
			t.Errorf("code %d is in the table of meanings, but not among the codes that are tried", row.code)
		}
	}
}

// A question changes nothing, so silence does not matter.
func TestQuestionsAreNeverUnknown(t *testing.T) {
	for _, c := range codes {
		for _, m := range api.Markets {
			if classify(m, false, c.status, c.code, c.msg) == exchange.ErrUnknown {
				t.Errorf("%v: HTTP %d, code %d: a question is unknown", m, c.status, c.code)
			}
		}
	}
}

// Only a refusal at the door or at the engine, in the market's own number, is
// worth a second signature.
func TestWhatIsSignedAgain(t *testing.T) {
	for _, c := range []struct {
		m            api.Market
		status, code int
		want         bool
	}{
		{api.Spot, 400, -1021, true}, {api.USDM, 400, -1021, true}, {api.COINM, 400, -1021, true},
		{api.USDM, 400, -5028, true}, {api.COINM, 400, -4188, true},
		{api.Spot, 400, -5028, false}, {api.COINM, 400, -5028, false}, {api.USDM, 400, -4188, false},
		{api.USDM, 503, -1021, false}, {api.USDM, 400, -1022, false}, {api.USDM, 429, -1003, false},
	} {
		f := &exchange.VenueError{Class: classify(c.m, true, c.status, c.code, ""), HTTP: c.status, Code: codeText(c.code)}
		if got := clockRefused(f); got != c.want {
			t.Errorf("%v: HTTP %d, code %d: %v", c.m, c.status, c.code, got)
		}
	}
}

func TestUntil(t *testing.T) {
	now := exchange.Date(2026, 3, 2) + 7*exchange.Hour + 30*exchange.Second + 1234*exchange.Millisecond
	c := &transport{o: Options{Now: func() exchange.Time { return now }}}
	minute := exchange.Date(2026, 3, 2) + 7*exchange.Hour
	for _, test := range []struct {
		status, code int
		msg          string
		header       string
		want         exchange.Time
	}{
		{429, -1015, "Too many new orders; current limit is 300 orders per 10 SECOND.", "", minute + 40*exchange.Second},
		{429, -1015, "Too many new orders; current limit is 1200 orders per 1 MINUTE.", "", minute + exchange.Minute},
		{429, -1015, "Too many new orders; current limit is 160000 orders per 1 DAY.", "", exchange.Date(2026, 3, 3)},
		{429, -1003, "Too much request weight used.", "", minute + exchange.Minute},
		{429, -1003, "Too much request weight used.", "7", now + 7*exchange.Second},
		{418, -1003, "Way too many requests; IP banned until 1782800600000.", "", exchange.UnixMilli(1782800600000)},
		{418, 0, "", "", now + 2*exchange.Minute},
		{503, -1008, "Request throttled by system-level protection.", "", 0},
	} {
		a := weight.Answer{Answer: limit.Answer{Pool: weight.Futures}, Status: test.status}
		a.Headers(http.Header{"Retry-After": {test.header}}, now)
		a.Message(test.code, test.msg)
		if got := c.until(a, test.msg); got != test.want {
			t.Errorf("HTTP %d, code %d, %q: %v, want %v", test.status, test.code, test.msg, got, test.want)
		}
	}
}

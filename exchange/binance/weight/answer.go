package weight

import (
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/limit"
)

// Answer is what a response says about limits, as the venue says it. Fill Pool, Status
// and Sent, let the methods read the rest, and give Limits to the ledger.
type Answer struct {
	limit.Answer
	Status int // of HTTP, or of a WebSocket API response
	Code   int // the venue's error code; 0 when there is none

	says bool // the message says that the address is banned
}

// Limits is the answer in the ledger's words. A 429 means that the limit is reached,
// whatever was counted; one with -1015 is about orders alone.
func (a *Answer) Limits() limit.Answer {
	out := a.Answer
	out.OK = a.Status/100 == 2
	switch {
	case a.banned():
		out.Refusal = limit.Banned
	case a.tooManyOrders():
		out.Refusal = limit.NoOrders
	case a.throttled():
		out.Refusal = limit.Throttled
	}
	return out
}

// Header is http.Header as far as it is needed.
type Header interface{ Get(name string) string }

// Headers reads the counts and Retry-After of a REST answer received now.
// Absent, negative and malformed values say nothing: futures endpoints send -1,
// or no header at all.
func (a *Answer) Headers(h Header, now exchange.Time) {
	for m, r := range rules {
		if r.header != "" && r.Pool == a.Pool {
			a.count(limit.Meter(m), number(h.Get(r.header)))
		}
	}
	// Seconds, from spot only; bounded so that the sum cannot overflow.
	if s := number(h.Get("Retry-After")); s > 0 {
		a.RetryAt = max(a.RetryAt, now+exchange.Time(min(s, int64(maxWait/exchange.Second)))*exchange.Second)
	}
}

// maxWait is the longest Retry-After that is believed: that of the longest ban.
const maxWait = 3 * exchange.Day

// bannedUntil precedes the end of a ban, in milliseconds since 1970, in the
// message of -1003.
const bannedUntil = "banned until "

// Message reads an error. The futures manuals promise no Retry-After: the time
// is in the text.
func (a *Answer) Message(code int, text string) {
	a.Code = code
	_, rest, found := strings.Cut(text, bannedUntil)
	if !found {
		return
	}
	a.says = true
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(rest)
	}
	a.RetryAtMilli(number(rest[:end]))
}

// RetryAtMilli takes error.data.retryAfter of the WebSocket API: milliseconds
// since 1970, unlike the header.
func (a *Answer) RetryAtMilli(ms int64) {
	const most = int64(1<<63-1) / int64(exchange.Millisecond)
	if ms > 0 && ms <= most {
		a.RetryAt = max(a.RetryAt, exchange.UnixMilli(ms))
	}
}

// RateLimit takes one entry of rateLimits of a WebSocket API response.
func (a *Answer) RateLimit(kind, interval string, num int, count int64) {
	if m, ok := MeterOf(a.Pool, kind, interval, num); ok {
		a.count(m, count)
	}
}

// maxCount is beyond every limit; it keeps nonsense from overflowing sums.
const maxCount = 1 << 30

func (a *Answer) count(m limit.Meter, n int64) {
	if n > 0 {
		a.Used[m] = int32(min(n, maxCount))
	}
}

func (a *Answer) banned() bool { return a.Status == 418 || a.says }

func (a *Answer) tooManyOrders() bool {
	return a.Code == codeTooManyOrders && !a.banned()
}

// Codes of refusals. That of requests may come with any status through a WebSocket.
const (
	codeTooManyRequests = -1003
	codeTooManyOrders   = -1015
)

func (a *Answer) throttled() bool { return a.Status == 429 || a.Code == codeTooManyRequests }

// number returns a decimal integer, or -1.
func number(s string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

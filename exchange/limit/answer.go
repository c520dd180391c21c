package limit

import (
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// Answer is what a response says about limits. Fill Pool, Status and Sent, then
// let the methods read the rest.
type Answer struct {
	Pool   Pool
	Status int           // of HTTP, or of a WebSocket API response
	Code   int           // the venue's error code; 0 when there is none
	Sent   exchange.Time // when the request was sent; 0: just now
	// RetryAt is when the venue wants to be asked again; 0 when it did not say.
	RetryAt exchange.Time
	// Used is the venue's count by meter; 0 or less where it said nothing.
	Used [Meters]int32

	says bool // the message says that the address is banned
}

// Header is http.Header as far as it is needed.
type Header interface{ Get(name string) string }

// Headers reads the counts and Retry-After of a REST answer received now.
// Absent, negative and malformed values say nothing: futures endpoints send -1,
// or no header at all.
func (a *Answer) Headers(h Header, now exchange.Time) {
	for m, r := range rules {
		if r.header != "" && r.pool == a.Pool {
			a.count(Meter(m), number(h.Get(r.header)))
		}
	}
	// Seconds, from spot only; bounded so that the sum cannot overflow.
	if s := number(h.Get("Retry-After")); s > 0 {
		a.RetryAt = max(a.RetryAt, now+exchange.Time(min(s, int64(maxBan/exchange.Second)))*exchange.Second)
	}
}

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

func (a *Answer) count(m Meter, n int64) {
	if n > 0 {
		a.Used[m] = int32(min(n, maxCount))
	}
}

func (a *Answer) banned() bool { return a.Status == 418 || a.says }

func (a *Answer) tooManyOrders() bool {
	return a.Code == codeTooManyOrders && !a.banned()
}

// codeTooManyRequests may come with any status through a WebSocket.
const codeTooManyRequests = -1003

func (a *Answer) throttled() bool { return a.Status == 429 || a.Code == codeTooManyRequests }

// number returns a decimal integer, or -1.
func number(s string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

package signing

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/sign"
)

// Query builds the parameters of one REST request: a query string or the body
// of a form, which the venue signs alike. Parameters are sent in the order in
// which they are added. A Query is reused with Reset and then does not allocate.
//
// The zero Query is ready for use. It is not safe for concurrent use.
type Query struct {
	buf    []byte // everything, signed or not
	params int    // length of buf without recvWindow, timestamp, signature
	sig    []byte // scratch
	err    error
}

// Reset forgets the parameters and keeps the memory.
func (q *Query) Reset() {
	q.buf, q.params, q.err = q.buf[:0], 0, nil
}

// Text adds a parameter. Text that is not UTF-8 makes Sign fail.
func (q *Query) Text(name, value string) {
	if !utf8.ValidString(value) && q.err == nil {
		q.err = notUTF8(name, value)
	}
	q.keep(AppendEscaped(q.open(name), value))
}

// Int adds a parameter as decimal digits.
func (q *Query) Int(name string, value int64) {
	q.keep(strconv.AppendInt(q.open(name), value, 10))
}

// Bool adds a parameter as true or false.
func (q *Query) Bool(name string, value bool) {
	q.keep(strconv.AppendBool(q.open(name), value))
}

// Steps adds a price or quantity of n steps as exact decimal text.
func (q *Query) Steps(name string, n int64, step exchange.Step) {
	q.keep(fixed.Append(q.open(name), n, step))
}

// Unsigned returns the parameters as they are sent to an endpoint that wants no
// signature. The bytes are valid until the Query is changed.
func (q *Query) Unsigned() ([]byte, error) {
	q.buf = q.buf[:q.params]
	return q.buf, q.err
}

// Sign appends recvWindow (unless it is 0, which means the venue's default of
// 5 s), timestamp and, last, signature, and returns the very bytes to send,
// valid until the Query is changed. Both times are sent in milliseconds.
//
// Calling it again replaces the three: after the venue refused a timestamp
// (-1021, -5028, -4188) the same request is signed once more with a new one.
func (q *Query) Sign(s sign.Signer, timestamp, recvWindow exchange.Time) ([]byte, error) {
	if q.err != nil {
		return nil, q.err
	}
	if err := checkWindow(recvWindow); err != nil {
		return nil, err
	}
	buf := q.buf[:q.params]
	if recvWindow > 0 {
		buf = strconv.AppendInt(appendName(buf, "recvWindow"), int64(recvWindow/exchange.Millisecond), 10)
	}
	buf = strconv.AppendInt(appendName(buf, "timestamp"), int64(timestamp/exchange.Millisecond), 10)
	var err error
	if q.sig, err = s.AppendSignature(q.sig[:0], buf); err != nil {
		return nil, fmt.Errorf("sign a request: %w", err)
	}
	q.buf = AppendEscaped(appendName(buf, "signature"), q.sig)
	return q.buf, nil
}

// open drops an earlier signature and returns the buffer up to a new value.
func (q *Query) open(name string) []byte { return appendName(q.buf[:q.params], name) }

// keep takes the buffer back with the value in it.
func (q *Query) keep(buf []byte) { q.buf, q.params = buf, len(buf) }

func appendName(buf []byte, name string) []byte {
	if len(buf) > 0 {
		buf = append(buf, '&')
	}
	return append(AppendEscaped(buf, name), '=')
}

// DefaultWindow is the recvWindow the venue assumes when a request has none.
const DefaultWindow = 5 * exchange.Second

// maxWindow is the largest recvWindow the venue takes.
const maxWindow = exchange.Minute

func checkWindow(w exchange.Time) error {
	if w != 0 && (w < exchange.Millisecond || w > maxWindow) {
		return fmt.Errorf("recvWindow of %d µs: want 1 to %d ms, or 0 for the venue's default", w/exchange.Microsecond, maxWindow/exchange.Millisecond)
	}
	return nil
}

func notUTF8(name, value string) error {
	return fmt.Errorf("parameter %s: %q is not UTF-8", name, value)
}

// AppendEscaped appends text percent-encoded by RFC 3986: letters, digits and
// -._~ stand for themselves, every other byte becomes %XX in upper case.
func AppendEscaped[T string | []byte](dst []byte, text T) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(text) {
		c := text[i]
		if unreserved[c] {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		}
	}
	return dst
}

// unreserved are the bytes that RFC 3986, section 2.3, leaves alone.
var unreserved = func() (set [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") {
		set[c] = true
	}
	return set
}()

package wire

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/websocket"
)

// HandshakeError says that a server answered, but not by switching to the
// websocket protocol.
type HandshakeError struct {
	URL        string
	Status     int           // of HTTP: 403, 418 and 429 mean that the address is unwelcome
	RetryAfter time.Duration // when the server said; else 0
	Err        error
}

func (e *HandshakeError) Error() string {
	text := fmt.Sprintf("dialing %s: HTTP status %d", e.URL, e.Status)
	if e.RetryAfter > 0 {
		text += fmt.Sprintf(", retry after %s", e.RetryAfter)
	}
	return text + ": " + e.Err.Error()
}

func (e *HandshakeError) Unwrap() error { return e.Err }

// unwelcome is how long an address stays away that was told to, without being
// told for how long. Binance's shortest ban is 2 minutes.
const unwelcome = 2 * time.Minute

func dial(ctx context.Context, o *Options, url string) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, o.Handshake)
	defer cancel()
	d := websocket.Dialer{
		NetDialContext:    o.Dial,
		Proxy:             http.ProxyFromEnvironment,
		TLSClientConfig:   o.TLS,
		HandshakeTimeout:  o.Handshake,
		ReadBufferSize:    o.ReadBuffer,
		EnableCompression: o.Compression,
	}
	conn, resp, err := d.DialContext(ctx, url, o.Header)
	if err == nil {
		return conn, nil
	}
	if resp != nil {
		return nil, refusedBy(resp, url, err)
	}
	return nil, fmt.Errorf("dialing %s: %w", url, err)
}

func refusedBy(resp *http.Response, url string, err error) error {
	e := &HandshakeError{URL: url, Status: resp.StatusCode, Err: err}
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 {
		e.RetryAfter = time.Duration(s) * time.Second
	}
	switch e.Status {
	case http.StatusTooManyRequests, http.StatusTeapot, http.StatusForbidden:
		e.RetryAfter = max(e.RetryAfter, unwelcome)
	}
	return e
}

package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange/sign"
)

const (
	answerMost = 64 << 10 // bytes of an answer that are read
	retryMost  = time.Hour
)

// refused is an answer that the same message would get again.
type refused struct{ error }

// delayed is an answer that says when to come again.
type delayed struct {
	error
	after time.Duration
}

// newClient returns a client that follows nowhere: what it sends is for its address alone.
func newClient() *http.Client {
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:       http.ProxyFromEnvironment,
			DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext, TLSHandshakeTimeout: 5 * time.Second,
			MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: answerMost, ForceAttemptHTTP2: true,
		},
	}
}

// post sends JSON and returns the answer's body. Its errors have nothing of the address.
func post(ctx context.Context, c *http.Client, address string, body any, header http.Header) ([]byte, error) {
	var raw []byte
	switch b := body.(type) {
	case []byte:
		raw = b
	default:
		var err error
		if raw, err = encode(b); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(raw))
	if err != nil {
		return nil, errors.New("the address makes no request")
	}
	for k, v := range header { // order does not matter: a header is a set
		req.Header[k] = v
	}
	req.Header.Set("Content-Type", "application/json")
	return do(c, req)
}

// encode writes JSON without the escapes that are for web pages.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

func do(c *http.Client, req *http.Request) ([]byte, error) {
	req.Header.Set("User-Agent", "perilune")
	res, err := c.Do(req)
	if err != nil {
		return nil, addressless(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, answerMost))
	if res.StatusCode/100 == 2 {
		return body, nil // what it said matters less than that it took it
	}
	return nil, answerError(res, body, err)
}

// answerError words an answer that is no success.
func answerError(res *http.Response, body []byte, err error) error {
	text := "answered " + strconv.Itoa(res.StatusCode)
	switch said := cut(OneLine(string(body)), 200); {
	case res.StatusCode/100 == 3:
		text += ", which leads elsewhere and is not followed"
	case said != "":
		text += ": " + said
	case err != nil:
		text += ", and then nothing more"
	}
	switch out := errors.New(text); res.StatusCode {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return refused{out}
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if after := retryAfter(res.Header.Get("Retry-After"), body); after > 0 {
			return delayed{out, after}
		}
		return out
	default:
		return out
	}
}

// retryAfter is when an answer says to come again: in its header, or as Telegram and Discord
// have it in the body. 0: it does not say.
func retryAfter(header string, body []byte) time.Duration {
	seconds, err := strconv.ParseFloat(header, 64)
	if err != nil {
		if at, err := http.ParseTime(header); err == nil {
			return min(max(time.Until(at), 0), retryMost)
		}
		var b struct {
			RetryAfter float64 `json:"retry_after"`
			Parameters struct {
				RetryAfter float64 `json:"retry_after"`
			} `json:"parameters"`
		}
		if json.Unmarshal(body, &b) == nil {
			seconds = max(b.RetryAfter, b.Parameters.RetryAfter)
		}
	}
	if !(seconds > 0) {
		return 0
	}
	return time.Duration(min(seconds, retryMost.Seconds()) * float64(time.Second))
}

// addressless is a failed request without its address, of which the token may be a part.
func addressless(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return errors.New("its name was not found: " + dns.Err)
	}
	return err
}

// scrubbed is an error without the secrets that an answer may have quoted.
func scrubbed(err error, secrets []sign.Secret) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	clean := text
	for _, s := range secrets {
		if !s.Empty() {
			clean = strings.ReplaceAll(clean, s.Reveal(), sign.Mask)
		}
	}
	if clean == text {
		return err
	}
	var r refused
	var d delayed
	switch plain := errors.New(clean); {
	case errors.As(err, &r):
		return refused{plain}
	case errors.As(err, &d):
		return delayed{plain, d.after}
	default:
		return plain
	}
}

// checkAddress wants https, or http on this machine or in a private network.
func checkAddress(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return errors.New("it is no address: want one such as https://example.org/path")
	}
	if u.Scheme == "https" || u.Scheme == "http" && local(u.Hostname()) {
		return nil
	}
	return fmt.Errorf("%s: want https, or http on this machine or in a private network", u.Scheme)
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsPrivate())
}

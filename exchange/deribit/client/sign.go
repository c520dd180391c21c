package client

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"

	"github.com/perilune/perilune/exchange"
)

// nonce is a text that was not used before with the same timestamp.
func nonce() string { return rand.Text()[:16] }

// authorization signs a request over HTTP: timestamp, nonce, method, address and body, each
// with a line of its own. Source: the manual, "Authentication", and the vectors of
// sign_test.go.
func (c *Client) authorization(uri string, body []byte, nonce string) (string, error) {
	ts, sig, err := c.sign(nonce, fmt.Sprintf("POST\n%s\n%s\n", uri, body))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("deri-hmac-sha256 id=%s,ts=%d,sig=%s,nonce=%s", c.o.Key.API.Reveal(), ts, sig, nonce), nil
}

// sign signs data, which may be nothing, at the venue's time of now.
func (c *Client) sign(nonce, data string) (ms int64, signature string, err error) {
	at, err := c.Stamp()
	if err != nil {
		return 0, "", err
	}
	ms = int64(at / exchange.Millisecond)
	signature, err = c.signature(ms, nonce, data)
	return ms, signature, err
}

func (c *Client) signature(ms int64, nonce, data string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.signer == nil {
		return "", errors.New("no API key: want both its client id and its secret")
	}
	out, err := c.signer.AppendSignature(nil, append(strconv.AppendInt(nil, ms, 10), "\n"+nonce+"\n"+data...))
	return string(out), err
}

// SignIn is the request that a connection begins with: the secret stays here, and what is
// signed is good once. The answer has a token that is good for Token.Expires, and one to
// have another with.
func (c *Client) SignIn() (Request, error) {
	n := nonce()
	ms, sig, err := c.sign(n, "")
	return Request{What: "sign in", Method: "public/auth", Count: Private, Params: Params{"grant_type": "client_signature", "client_id": c.o.Key.API.Reveal(),
		"timestamp": ms, "nonce": n, "data": "", "signature": sig}}, err
}

// Refresh is the request that has a new token for an old one.
func (c *Client) Refresh(token string) Request {
	return Request{What: "refresh the token", Method: "public/auth", Count: Private, Params: Params{"grant_type": "refresh_token", "refresh_token": token}}
}

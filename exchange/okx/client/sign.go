package client

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/perilune/perilune/exchange"
)

// sign sets the headers: the signature is of time, method, path with its query and body,
// with nothing between, in base64. Source: the manual, "REST Authentication"; vectors in
// client_test.go.
func (c *Client) sign(h http.Header, method, path string, body []byte) error {
	at, err := c.time.Stamp()
	if err != nil {
		return err
	}
	stamp := at.String()
	signature, err := c.signature(append([]byte(stamp+method+path), body...))
	if err != nil {
		return err
	}
	h["OK-ACCESS-KEY"] = []string{c.o.Key.API.Reveal()}
	h["OK-ACCESS-PASSPHRASE"] = []string{c.o.Passphrase.Reveal()}
	h["OK-ACCESS-TIMESTAMP"] = []string{stamp}
	h["OK-ACCESS-SIGN"] = []string{signature}
	return nil
}

func (c *Client) signature(payload []byte) (string, error) {
	if c.signer == nil {
		return "", errors.New("no API key: want its name, its secret and its passphrase")
	}
	c.signing.Lock()
	defer c.signing.Unlock()
	text, err := c.signer.AppendSignature(nil, payload)
	if err != nil {
		return "", err
	}
	raw, err := hex.DecodeString(string(text))
	if err != nil {
		return "", errors.New("the secret is a private key: this venue gives out secrets of HMAC")
	}
	return base64.StdEncoding.EncodeToString(raw), nil
}

// Login is the frame that a private stream begins with. Its time is in whole seconds.
// Source: the manual, "Login"; it is good for 30 seconds.
func (c *Client) Login() ([]byte, error) {
	at, err := c.time.Stamp()
	if err != nil {
		return nil, err
	}
	stamp := strconv.FormatInt(int64(at/exchange.Second), 10)
	signature, err := c.signature([]byte(stamp + "GET/users/self/verify"))
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, `{"op":"login","args":[{"apiKey":%q,"passphrase":%q,"timestamp":"%s","sign":"%s"}]}`,
		c.o.Key.API.Reveal(), c.o.Passphrase.Reveal(), stamp, signature), nil
}

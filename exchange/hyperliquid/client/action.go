package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/hyperliquid/signing"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/rest"
	"github.com/perilune/perilune/exchange/sign"
)

// Action is something that is signed and changes the account.
type Action struct {
	Venue    exchange.Venue
	What     string
	Make     func(nonce uint64) signing.Object
	User     signing.Kind // signed as typed data of this kind, which an agent may not; "": an action of trading
	Pool     limit.Pool
	Parts    int // orders or cancels in it
	Priority limit.Priority
}

func (a *Action) call() rest.Call { return callOf(a.Venue, a.What, true) }

// Fault is an error of a class about the action.
func (a *Action) Fault(class exchange.ErrorClass, err error) *exchange.VenueError {
	return a.call().Fault(class, err)
}

// Garbled is a success that can't be read: it was carried out, but not told how.
func (a *Action) Garbled(err error) *exchange.VenueError {
	e := a.Fault(exchange.ErrUnknown, fmt.Errorf("the answer makes no sense: %w", err))
	e.HTTP = http.StatusOK
	return e
}

// Do sends an action and returns the statuses of its parts; none where it has none. Every
// error is an *exchange.VenueError. A refused nonce alone is answered here: the clocks are
// compared anew and the action is signed and sent once more, which is safe because whoever
// refused it threw it away.
func (c *Client) Do(ctx context.Context, a Action) ([][]byte, error) {
	compared := c.clock.Compared()
	list, e := c.once(ctx, &a)
	if e != nil && e.Class == exchange.ErrClock && e.HTTP != 0 {
		if err := c.clock.Sync(ctx, compared); err != nil {
			e.Err = err
			return nil, e
		}
		list, e = c.once(ctx, &a)
	}
	if e != nil {
		return nil, e
	}
	return list, nil
}

func (c *Client) once(ctx context.Context, a *Action) ([][]byte, *exchange.VenueError) {
	if c.signer == nil {
		return nil, a.Fault(exchange.ErrKey, errors.New("no key: want the address of the account and the private key of its agent"))
	}
	if a.User != "" && !c.IsMain() {
		e := a.Fault(exchange.ErrKey, errors.New("an agent may not move money, also between the account's own wallets"))
		e.Advice = "move it on the venue's page, or sign in with the account's own key (main_wallet = true)"
		return nil, e
	}
	body, err := c.sign(a)
	if err != nil {
		if skew := (*sign.SkewError)(nil); errors.As(err, &skew) {
			return nil, a.Fault(exchange.ErrClock, err)
		}
		return nil, a.Fault(exchange.ErrUnavailable, err)
	}
	cost := costOf(a.Pool, 1+a.Parts/40)
	sent := c.Now()
	answer, e := c.post(ctx, a.call(), "/exchange", body, cost, a.Priority)
	if e != nil {
		return nil, e
	}
	list, words, err := statuses(answer)
	switch {
	case err != nil:
		return nil, a.Garbled(err)
	case words != "":
		return nil, c.refused(a.call(), a.Pool, sent, http.StatusOK, words)
	}
	return list, nil
}

// sign makes the body. Nonces are the venue's time and rise; the venue keeps the highest
// 100 of a signer and takes none twice. An action of trading is refused after the window,
// so that one without an answer is not carried out at any time later; typed data can't
// say so. Source: the manual, "Nonces and API wallets", "Expires After".
func (c *Client) sign(a *Action) ([]byte, error) {
	at, err := c.clock.Stamp()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.nonce = max(c.nonce+1, uint64(at/exchange.Millisecond))
	r := signing.Request{Nonce: c.nonce}
	c.mu.Unlock()
	r.Action = a.Make(r.Nonce)
	if a.User != "" {
		digest, err := signing.UserDigest(a.User, r.Action)
		if err != nil {
			return nil, err
		}
		return r.Body(c.signer.Sign(digest)), nil
	}
	r.Vault = c.vault
	r.Expires = uint64((at + c.o.Window) / exchange.Millisecond)
	return r.Body(c.signer.Sign(r.Digest(c.Mainnet()))), nil
}

// statuses takes {"status":"ok","response":{"type":…,"data":{"statuses":[…]}}} apart; words
// are those of {"status":"err","response":"…"}.
func statuses(answer []byte) (list [][]byte, words string, err error) {
	var status string
	var response []byte
	f := jsonscan.Object(answer)
	for f.Next() {
		switch string(f.Key()) {
		case "status":
			status = f.Text()
		case "response":
			response = f.Raw()
		}
	}
	if err := f.Err(); err != nil {
		return nil, "", err
	}
	switch {
	case status == "err" && len(response) > 2 && response[0] == '"':
		one := jsonscan.Array(append(append([]byte{'['}, response...), ']'))
		if !one.Next() {
			return nil, "", one.Err()
		}
		return nil, one.Text(), one.Err()
	case status == "err":
		return nil, string(response), nil
	case status != "ok":
		return nil, "", fmt.Errorf("status %q", status)
	}
	return parts(response)
}

func parts(response []byte) (list [][]byte, _ string, err error) {
	f := jsonscan.Object(response)
	for f.Next() {
		if string(f.Key()) != "data" {
			continue
		}
		d := jsonscan.Object(f.Raw())
		for d.Next() {
			if string(d.Key()) != "statuses" {
				continue
			}
			all := jsonscan.Array(d.Raw())
			for all.Next() {
				list = append(list, all.Raw())
			}
			if all.Err() != nil {
				return nil, "", all.Err()
			}
		}
		if d.Err() != nil {
			return nil, "", d.Err()
		}
	}
	return list, "", f.Err()
}

// Refusal is a status that is an error, as what came of the action.
func (c *Client) Refusal(a *Action, words string) *exchange.VenueError {
	return c.refused(a.call(), a.Pool, c.Now(), http.StatusOK, words)
}

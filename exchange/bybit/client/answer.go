package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
)

// reply is what came back, from wherever.
type reply struct {
	status int                      // of HTTP
	limits func(name string) string // the headers X-Bapi-Limit…
	body   []byte
	sent   exchange.Time
}

// envelope is {"retCode":0,"retMsg":"OK","result":{…},"retExtInfo":{…}}; the trade stream
// has data for result.
type envelope struct {
	code          int
	msg           string
	result, extra []byte
}

func open(body []byte) (v envelope, err error) {
	seen := false
	f := jsonscan.Object(body)
	for f.Next() {
		switch string(f.Key()) {
		case "retCode":
			v.code, seen = int(f.Int()), true
		case "retMsg":
			v.msg = f.Text()
		case "result", "data":
			v.result = f.Raw()
		case "retExtInfo":
			v.extra = f.Raw()
		}
	}
	if err = f.Err(); err == nil && !seen {
		err = errors.New("no retCode")
	}
	return v, err
}

// judge turns a reply into an answer or a fault, and tells the throttle of limits.
func (c *Client) judge(q *Request, r reply) (Answer, *exchange.VenueError) {
	v, err := open(r.body)
	a, most := q.Count.answer(r.limits, r.sent)
	if err == nil && r.status < http.StatusMultipleChoices && v.code == 0 {
		a.OK = true
		c.observe(a, q.Count.meter, most)
		return Answer{Result: v.result, Extra: v.extra}, nil
	}
	if err != nil { // a page of somebody's
		v.code, v.msg = 0, string(r.body[:min(len(r.body), 200)])
	}
	e := q.refusal(r.status, v.code, v.msg)
	if e.Class == exchange.ErrRateLimited {
		a.Refusal, a.RetryAt = limit.Throttled, resetOf(r.limits, c.Now())
		if r.status == http.StatusForbidden {
			a.Refusal, a.RetryAt = limit.Banned, c.Now()+banFor(r.limits)
		}
		e.Until = max(a.RetryAt, c.Now()+100*exchange.Millisecond)
	}
	c.observe(a, q.Count.meter, most)
	return Answer{}, e
}

// refusal is a fault by what the venue says.
func (q *Request) refusal(status, code int, msg string) *exchange.VenueError {
	e := q.Fault(classify(q.changes(), status, code, msg), nil)
	e.HTTP, e.Message = status, msg
	if code != 0 {
		e.Code = strconv.Itoa(code)
	}
	return e
}

// Part is the fault of one part of a batch; nil: it was done.
func (q *Request) Part(code int, msg string) error {
	if code == 0 {
		return nil
	}
	e := q.refusal(http.StatusOK, code, msg)
	e.Advice = advice(e)
	return e
}

// observe tells the throttle; a ban is one of all pools.
func (c *Client) observe(a limit.Answer, meter, most int) {
	c.mu.Lock()
	news := most != 0 && c.limits[meter] != most
	if news {
		c.limits[meter] = most
	}
	c.mu.Unlock()
	if news {
		if err := c.o.Throttle.SetLimit(limit.Meter(meter), most); err != nil {
			c.o.Log(err.Error())
		}
	}
	first, last := a.Pool, a.Pool
	if a.Refusal == limit.Banned {
		first, last = 1, pools
	}
	for p := first; p <= last; p++ {
		a.Pool = p
		if err := c.o.Throttle.Observe(a); err != nil {
			c.o.Log(err.Error())
		}
	}
}

// Pages asks for all pages of a list and hands on its rows; those of one page are in the
// venue's order.
func (c *Client) Pages(ctx context.Context, q Request, row func(raw []byte) error) error {
	const most = 200 // pages: more would be a cursor that goes in circles
	for range most {
		result, err := c.Do(ctx, q)
		if err != nil {
			return err
		}
		cursor, rows := "", 0
		f := jsonscan.Object(result)
		for f.Next() {
			switch string(f.Key()) {
			case "nextPageCursor":
				cursor = f.Text()
			case "list":
				if rows, err = Each(f.Raw(), row); err != nil {
					return q.Garbled(err)
				}
			}
		}
		if f.Err() != nil {
			return q.Garbled(f.Err())
		}
		if cursor == "" || rows == 0 {
			return nil
		}
		next := url.Values{"cursor": {cursor}}
		for k, v := range q.Query { // order does not matter: it is a copy
			if k != "cursor" {
				next[k] = v
			}
		}
		q.Query = next
	}
	return q.Fault(exchange.ErrUnavailable, fmt.Errorf("it has over %d pages", most))
}

// Each hands on the rows of a list, which may be null, and counts them.
func Each(list []byte, row func(raw []byte) error) (n int, err error) {
	if string(list) == "null" {
		return 0, nil
	}
	f := jsonscan.Array(list)
	for f.Next() {
		if err := row(f.Raw()); err != nil {
			return n, err
		}
		n++
	}
	return n, f.Err()
}

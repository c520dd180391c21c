package simfront

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// client is one websocket connection.
type client struct {
	conn     *simserver.Conn
	account  *simserver.Account // signed in
	key      *simserver.APIKey
	expires  exchange.Time
	channels []string
	every    exchange.Time // between heartbeats; 0: none
	heard    exchange.Time
	asked    exchange.Time // of the test_request that is not answered; 0: none
	beaten   exchange.Time
	cancels  bool // on disconnect
	held     []byte
	heldAt   exchange.Time
}

// token is what signing in is worth.
type token struct {
	key     *simserver.APIKey
	expires exchange.Time
}

// join implements simserver.Socket.
func (d *dialect) join(conn *simserver.Conn) {
	c := &client{conn: conn, heard: d.state.Clock.Wall()}
	conn.Note = c
	d.clients[c] = true
	d.order = append(d.order, c)
}

// leave implements simserver.Socket: cancel-on-disconnect strikes, unless the client has
// logged out.
func (d *dialect) leave(conn *simserver.Conn) {
	c := conn.Note.(*client)
	delete(d.clients, c)
	d.order = slices.DeleteFunc(d.order, func(o *client) bool { return o == c })
	for _, b := range d.books {
		b.forget(c)
	}
	if !c.cancels || c.account == nil {
		return
	}
	for _, o := range slices.Clone(c.account.Orders.All()) {
		if n := noteOf(o); o.Open() && n.client == c {
			n.reason = "cancel_on_disconnect"
			c.account.Entry.Cancel(o, "")
		}
	}
}

// take implements simserver.Socket.
func (d *dialect) take(conn *simserver.Conn, frame []byte) {
	began, c := time.Now(), conn.Note.(*client)
	c.heard, c.asked = d.state.Clock.Wall(), 0
	q := &request{client: c, params: map[string]json.RawMessage{}}
	e := q.read(frame)
	var result any
	if e == nil {
		result, e = call(d, q)
	}
	if q.silent {
		conn.Peer.Drop()
		return
	}
	if q.method == "private/logout" && e == nil {
		conn.Peer.Drop()
		return
	}
	d.answer(c, d.envelope(q, result, e, began))
	if e != nil && e.closes {
		go conn.Peer.Close(1000, "") // it waits for the writer, which must not hold the loop
	}
	for _, after := range d.after {
		after()
	}
	d.after = d.after[:0]
}

// answer sends a reply. A fault lets the next one overtake it.
func (d *dialect) answer(c *client, frame []byte) {
	if c.held == nil && d.state.Faults.Strikes("overtaken", nil, "") {
		c.held, c.heldAt = frame, d.state.Clock.Wall()
		return
	}
	c.conn.Peer.Send(frame)
	c.release()
}

func (c *client) release() {
	if c.held != nil {
		c.conn.Peer.Send(c.held)
		c.held = nil
	}
}

// idle is how long a connection without heartbeats may be silent.
const idle = 10 * exchange.Minute

// look sends heartbeats, and ends connections that are dead.
func (d *dialect) look() {
	now := d.state.Clock.Wall()
	for _, c := range slices.Clone(d.order) {
		if c.held != nil && now > c.heldAt+200*exchange.Millisecond {
			c.release()
		}
		switch {
		case c.asked != 0 && now > c.asked+c.every, c.every == 0 && now > c.heard+idle:
			c.conn.Peer.Drop()
		case c.every != 0 && now >= c.beaten+c.every:
			c.beaten = now
			kind := "heartbeat"
			if now >= c.heard+c.every && c.asked == 0 {
				kind, c.asked = "test_request", now
			}
			c.conn.Peer.Send(reply.Encode(reply.Object{{"jsonrpc", "2.0"}, {"method", "heartbeat"}, {"params", reply.Object{{"type", kind}}}}))
		}
		if c.account != nil && now > c.expires {
			c.account, c.key = nil, nil
		}
	}
}

// signed finds who has signed a request over HTTP.
func (d *dialect) signed(q *request, r *http.Request, body []byte) *fault {
	kind, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch strings.ToLower(kind) {
	case "":
		return nil
	case "bearer":
		d.byToken(q, strings.TrimSpace(rest))
		return nil
	case "deri-hmac-sha256":
	default:
		return refuse(13004, "invalid_credentials")
	}
	fields := map[string]string{}
	for _, part := range strings.Split(rest, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[k] = v
	}
	data := fmt.Sprintf("%s\n%s\n%s\n", r.Method, r.URL.RequestURI(), body)
	return d.verified(q, fields["id"], fields["ts"], fields["nonce"], data, fields["sig"])
}

// late is how far the time of a signature may be off.
const late = exchange.Minute

func (d *dialect) verified(q *request, id, ts, nonce, data, sig string) *fault {
	k := d.state.Key(id)
	ms, err := strconv.ParseInt(ts, 10, 64)
	off := d.state.Clock.Wall() - exchange.UnixMilli(ms)
	if k == nil || err != nil || nonce == "" || off > late || off < -late || k.Verifier.Verify([]byte(ts+"\n"+nonce+"\n"+data), sig) != nil {
		return refuse(13004, "invalid_credentials")
	}
	q.account, q.key = k.Account, k
	return nil
}

func (d *dialect) byToken(q *request, text string) {
	if t, ok := d.tokens[text]; ok && d.state.Clock.Wall() < t.expires {
		q.account, q.key = t.key.Account, t.key
	}
}

// expiresIn is how long a token is good for, in seconds.
const expiresIn = 900

// auth implements public/auth.
func auth(d *dialect, q *request) (any, *fault) {
	switch q.text("grant_type") {
	case "client_credentials":
		k := d.state.Key(q.text("client_id"))
		if k == nil || k.Note != q.text("client_secret") {
			return nil, refuse(13004, "invalid_credentials")
		}
		q.account, q.key = k.Account, k
	case "client_signature":
		if e := d.verified(q, q.text("client_id"), q.text("timestamp"), q.text("nonce"), q.text("data"), q.text("signature")); e != nil {
			return nil, e
		}
	case "refresh_token":
		t, ok := d.refreshes[q.text("refresh_token")]
		if !ok {
			return nil, refuse(13009, "invalid_token")
		}
		delete(d.refreshes, q.text("refresh_token"))
		q.account, q.key = t.key.Account, t.key
	default:
		return nil, badParam("grant_type", "want client_credentials, client_signature or refresh_token")
	}
	access, refresh := d.state.NewName("token"), d.state.NewName("refresh")
	t := token{q.key, d.state.Clock.Wall() + expiresIn*exchange.Second}
	d.tokens[access], d.refreshes[refresh] = t, t
	if q.client != nil {
		q.client.account, q.client.key, q.client.expires = q.account, q.key, t.expires
	}
	scope := []string{"connection"}
	for what, word := range map[string]string{simserver.MayRead: "account:read", simserver.MaySpot: "trade:read_write", simserver.MayWithdraw: "wallet:read_write"} {
		if q.key.May(what) {
			scope = append(scope, word)
		}
	}
	slices.Sort(scope)
	return reply.Object{{"access_token", access}, {"expires_in", expiresIn}, {"refresh_token", refresh}, {"scope", strings.Join(scope, " ")},
		{"enabled_features", reply.List{}}, {"token_type", "bearer"}}, nil
}

func setHeartbeat(d *dialect, q *request) (any, *fault) {
	n := q.integer("interval", 0)
	if n < 10 || n > 3600 {
		return nil, badParam("interval", "want 10 or more seconds")
	}
	q.client.every, q.client.beaten = exchange.Time(n)*exchange.Second, d.state.Clock.Wall()
	return "ok", nil
}

func disableHeartbeat(d *dialect, q *request) (any, *fault) {
	q.client.every, q.client.asked = 0, 0
	return "ok", nil
}

func cancelOnDisconnect(on bool) func(*dialect, *request) (any, *fault) {
	return func(_ *dialect, q *request) (any, *fault) {
		q.client.cancels = on
		return "ok", nil
	}
}

func logout(d *dialect, q *request) (any, *fault) {
	q.client.cancels = false
	return "ok", nil
}

func cancelsOnDisconnect(d *dialect, q *request) (any, *fault) {
	return reply.Object{{"enabled", q.client != nil && q.client.cancels}, {"scope", "connection"}}, nil
}

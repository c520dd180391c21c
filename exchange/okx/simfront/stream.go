package simfront

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// client is a connection.
type client struct {
	c     *simserver.Conn
	id    string
	key   *simserver.APIKey // nil: nobody signed in
	subs  []*subscription
	held  [][]byte        // updates that a fault sends after the next
	muted map[string]bool // a fault: the arguments of streams that are silent until they are subscribed anew
	ends  exchange.Time   // a fault: when a connection is cut whose end was announced; 0: never
}

// subscription is a channel that a client listens to.
type subscription struct {
	arg     string // as it was sent, which messages repeat
	channel string
	market  *simserver.Market // nil: of none, or of all
	symbol  string
	kind    string // instType
	bar     string // of candles: their length, by the exchange's name
	told    exchange.Time
	shown   int64 // the last trade of what was told
}

func (d *dialect) join(c *simserver.Conn) {
	cl := &client{c: c, id: fmt.Sprintf("%08x", len(d.order)+1), muted: map[string]bool{}}
	d.conns[c] = cl
	d.order = append(d.order, cl)
}

func (d *dialect) leave(c *simserver.Conn) {
	cl := d.conns[c]
	delete(d.conns, c)
	d.order = slices.DeleteFunc(d.order, func(o *client) bool { return o == cl })
}

func (cl *client) send(o reply.Object) { cl.c.Peer.Send(reply.Encode(o)) }

// stall silences the streams of a symbol, or all.
func (cl *client) stall(symbol string) {
	for _, s := range cl.subs {
		if symbol == "" || s.symbol == symbol {
			cl.muted[s.arg] = true
		}
	}
}

// message is what a client sends.
type message struct {
	ID   any               `json:"id"`
	Op   string            `json:"op"`
	Exp  string            `json:"expTime"`
	Args []json.RawMessage `json:"args"`
}

// take answers a frame of a client.
func (d *dialect) take(c *simserver.Conn, frame []byte) {
	cl := d.conns[c]
	if string(frame) == "ping" {
		c.Peer.Send([]byte("pong"))
		return
	}
	var m message
	if err := json.Unmarshal(frame, &m); err != nil {
		cl.refuse("", "60012", "Invalid request: "+string(frame[:min(len(frame), 100)]))
		return
	}
	id := fields{"id": m.ID}.text("id")
	if !clientIDs.MatchString(id) {
		cl.refuse("", "60033", "The parameter id is invalid")
		return
	}
	switch m.Op {
	case "login":
		d.login(cl, m.Args)
	case "subscribe":
		for _, raw := range m.Args {
			d.subscribe(cl, id, raw)
		}
	case "unsubscribe":
		for _, raw := range m.Args {
			arg := string(raw)
			cl.subs = slices.DeleteFunc(cl.subs, func(s *subscription) bool { return s.arg == arg })
			cl.send(answered(id, "unsubscribe", raw, cl))
		}
	default:
		d.entry(cl, id, &m)
	}
}

func (cl *client) refuse(id, code, msg string) {
	o := reply.Object{{"event", "error"}, {"msg", msg}, {"code", code}, {"connId", cl.id}}
	if id != "" {
		o = o.With(reply.Field{"id", id})
	}
	cl.send(o)
}

func answered(id, event string, arg []byte, cl *client) reply.Object {
	o := reply.Object{{"event", event}, {"arg", reply.Raw(arg)}, {"connId", cl.id}}
	if id != "" {
		o = append(reply.Object{{"id", id}}, o...)
	}
	return o
}

func (d *dialect) login(cl *client, args []json.RawMessage) {
	var f fields
	if len(args) != 1 || json.Unmarshal(args[0], &f) != nil {
		cl.refuse("", "60012", "Invalid request")
		return
	}
	seconds, err := strconv.ParseInt(f.text("timestamp"), 10, 64)
	if off := d.s.Clock.Wall() - exchange.Time(seconds)*exchange.Second; err != nil || off > late || off < -late {
		cl.refuse("", "60006", "Timestamp request expired")
		return
	}
	k, wrong := d.key(f.text("apiKey"), f.text("passphrase"), f.text("sign"), f.text("timestamp")+"GET/users/self/verify")
	if wrong != nil {
		code := map[string]string{"50111": "60005", "50105": "60024", "50113": "60007"}[wrong.code]
		cl.refuse("", code, wrong.msg)
		return
	}
	cl.key = k
	cl.send(reply.Object{{"event", "login"}, {"code", "0"}, {"msg", ""}, {"connId", cl.id}})
}

// private are the channels that want a login.
var private = map[string]bool{"orders": true, "positions": true, "account": true, "balance_and_position": true}

// public are the others, and whether they are of an instrument.
var public = map[string]bool{"books": true, "books5": true, "bbo-tbt": true, "trades": true, "tickers": true, "mark-price": true, "funding-rate": true, "open-interest": true, "index-tickers": false, "instruments": false, "liquidation-orders": false, "price-limit": true, "status": false}

func (d *dialect) subscribe(cl *client, id string, raw []byte) {
	var f fields
	if err := json.Unmarshal(raw, &f); err != nil {
		cl.refuse(id, "60012", "Invalid request")
		return
	}
	s := &subscription{arg: string(raw), channel: f.text("channel"), symbol: f.text("instId"), kind: f.text("instType")}
	ofInstrument, isPublic := public[s.channel]
	name, isCandle := strings.CutPrefix(s.channel, "candle")
	if isCandle {
		s.bar = intervals[name]
	}
	route := cl.c.Route
	ok := route == "public" && isPublic || route == "private" && private[s.channel] || route == "business" && s.bar != ""
	if ofInstrument || isCandle || s.channel == "orders" && s.symbol != "" {
		s.market = d.market(s.symbol)
		ok = ok && s.market != nil
	}
	if s.channel == "index-tickers" {
		_, known := index(d, s.symbol)
		ok = ok && known
	}
	switch {
	case strings.HasSuffix(s.channel, "-l2-tbt") && route == "public":
		cl.refuse(id, "64003", "Your trading fee tier doesn't meet the requirement to access this channel")
		return
	case !ok:
		cl.refuse(id, "60018", fmt.Sprintf("Wrong URL or channel:%s,instId:%s doesn't exist. Please use the correct URL, channel and parameters referring to API document.", s.channel, s.symbol))
		return
	case private[s.channel] && cl.key == nil:
		cl.refuse(id, "60011", "Please log in")
		return
	}
	cl.subs = slices.DeleteFunc(cl.subs, func(o *subscription) bool { return o.arg == s.arg })
	cl.subs = append(cl.subs, s)
	delete(cl.muted, s.arg)
	cl.send(answered(id, "subscribe", raw, cl))
	d.begin(cl, s)
}

// begin sends what is so when a channel begins.
func (d *dialect) begin(cl *client, s *subscription) {
	push := func(o reply.Object) {
		if o != nil {
			cl.push(s, o)
		}
	}
	m := s.market
	switch s.channel {
	case "books":
		whole(d, cl, s)
	case "bbo-tbt", "books5":
		touch(d, m, s.channel, push)
	case "tickers":
		push(ticker(d, m))
	case "mark-price":
		push(mark(d, m))
	case "funding-rate":
		push(rate(d, m))
	case "index-tickers":
		if o, ok := index(d, s.symbol); ok {
			push(o)
		}
	case "account":
		push(balances(d, cl.key.Account))
	case "positions":
		for _, m := range d.s.Markets() {
			if m.Segment != nil && m.In.Perp() && cl.key.Account.Funds.Position(m.In.ID).Qty != 0 {
				push(position(d, cl.key.Account, m))
			}
		}
	case "instruments":
		for _, m := range d.all(api.Type(s.kind)) {
			push(instrument(m))
		}
	}
}

// push sends a row of a channel.
func (cl *client) push(s *subscription, row any) {
	if !cl.muted[s.arg] {
		cl.c.Peer.Send(reply.Encode(reply.Object{{"arg", reply.Raw(s.arg)}, {"data", reply.List{row}}}))
	}
}

// whole sends a book, as a snapshot.
func whole(d *dialect, cl *client, s *subscription) {
	m := s.market
	row := reply.Object{{"asks", levels(m.In, m.Levels(exchange.Sell))}, {"bids", levels(m.In, m.Levels(exchange.Buy))}, {"ts", d.now()}, {"checksum", 0}, {"seqId", of(m).seq}, {"prevSeqId", -1}}
	if !cl.muted[s.arg] {
		cl.send(reply.Object{{"arg", reply.Raw(s.arg)}, {"action", "snapshot"}, {"data", reply.List{row}}})
	}
}

// touch words the first levels of a book.
func touch(d *dialect, m *simserver.Market, channel string, push func(reply.Object)) {
	n := 1
	if channel == "books5" {
		n = 5
	}
	push(reply.Object{{"asks", levels(m.In, m.Best(exchange.Sell, n))}, {"bids", levels(m.In, m.Best(exchange.Buy, n))}, {"instId", m.In.Symbol}, {"ts", d.now()}, {"seqId", of(m).seq}})
}

package simfront

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// hub is every connection and what it listens to.
type hub struct {
	state    *simserver.State
	markets  []*market
	clients  []*client
	channels []*channel // in order of first subscription
	byMarket map[exchange.InstrumentID][]*channel
}

func newHub(s *simserver.State, markets []*market) *hub {
	return &hub{state: s, markets: markets, byMarket: map[exchange.InstrumentID][]*channel{}}
}

// channel is a public topic of a category that somebody listens to.
type channel struct {
	m        *market
	topic    string // as it is written
	kind     string
	depth    int    // of a book
	interval string // of candles, in the venue's word
	subs     []*subscription
	shown    [2][]exchange.Level // of a book: what was sent, best first
	at       exchange.Time       // when something was sent last
	bar      exchange.Time       // when the candle that runs began
	last     reply.Object        // what was sent last, of a ticker or band
	held     []byte              // a message that a fault keeps back
}

type subscription struct {
	client  *client
	stalled bool // a fault: nothing comes any more
}

// depths are those of books.
var depths = []int{1, 50, 200, 1000}

// topicOf understands a public topic; nil when there is no such one.
func (h *hub) topicOf(category api.Category, topic string) *channel {
	kind, rest, _ := strings.Cut(topic, ".")
	detail, symbol, two := strings.Cut(rest, ".")
	ch := &channel{topic: topic, kind: kind}
	switch kind {
	case "orderbook":
		n, err := strconv.Atoi(detail)
		if err != nil || !two || !slices.Contains(depths, n) {
			return nil
		}
		ch.depth = n
	case "kline":
		if intervals[detail] == "" || !two {
			return nil
		}
		ch.interval = detail
	case "publicTrade", "tickers", "priceLimit":
		symbol = rest
	case "allLiquidation":
		symbol = rest
		if category == api.Spot {
			return nil
		}
	default:
		return nil
	}
	in, ok := h.state.Universe().Find(category.Venue(), symbol)
	if !ok {
		return nil
	}
	ch.m = h.markets[in.ID]
	return ch
}

// privateTopics are those of the account's stream; all but the wallet's may name a category.
var privateTopics = []string{"order", "execution", "execution.fast", "position", "wallet", "greeks", "dcp.future", "dcp.spot"}

func privateTopic(topic string) bool {
	if slices.Contains(privateTopics, topic) {
		return true
	}
	i := strings.LastIndexByte(topic, '.')
	return i > 0 && slices.Contains(privateTopics, topic[:i]) && slices.Contains(api.Names, topic[i+1:])
}

// maxSpotArgs is how many topics of spot one request may name.
const maxSpotArgs = 10

// command is subscribe and unsubscribe. One argument that is refused fails the request.
func (h *hub) command(c *client, q *request) {
	var topics []string
	for _, raw := range q.Args {
		var t string
		if json.Unmarshal(raw, &t) != nil {
			h.acknowledge(c, q, "Params Error")
			return
		}
		topics = append(topics, t)
	}
	if c.end.route == "private" {
		h.commandPrivate(c, q, topics)
		return
	}
	if c.end.category == api.Spot && len(topics) > maxSpotArgs {
		h.acknowledge(c, q, "args size >10")
		return
	}
	var found []*channel
	for _, t := range topics {
		ch := h.topicOf(c.end.category, t)
		if ch == nil {
			h.acknowledge(c, q, "error:handler not found,topic:"+t)
			return
		}
		found = append(found, ch)
	}
	if q.Op == "unsubscribe" {
		for _, t := range topics {
			h.unsubscribe(c, t)
		}
		h.acknowledge(c, q, "")
		return
	}
	h.subscribeAll(c, q, found)
}

func (h *hub) subscribeAll(c *client, q *request, found []*channel) {
	var fresh []*channel
	for _, ch := range found {
		if h.listens(c, ch.topic) {
			h.acknowledge(c, q, "error:already subscribed,topic:"+ch.topic)
			return
		}
		fresh = append(fresh, h.subscribe(c, ch))
	}
	early := h.state.Faults.Strikes("snapshot_first", c.conn.Segment, "")
	if !early {
		h.acknowledge(c, q, "")
	}
	for _, ch := range fresh {
		h.greet(ch, c)
	}
	if early {
		h.acknowledge(c, q, "")
	}
}

// acknowledge answers a command; without a problem. The wording of spot is another.
func (h *hub) acknowledge(c *client, q *request, problem string) {
	msg := problem
	if msg == "" && c.end.category == api.Spot {
		msg = q.Op
	}
	c.send(reply.Object{{"success", problem == ""}, {"ret_msg", msg}, {"conn_id", c.id}, {"req_id", q.ID}, {"op", q.Op}})
}

func (h *hub) commandPrivate(c *client, q *request, topics []string) {
	if c.account == nil {
		h.acknowledge(c, q, "Request not authorized")
		return
	}
	for _, t := range topics {
		if !privateTopic(t) {
			h.acknowledge(c, q, "error:handler not found,topic:"+t)
			return
		}
	}
	for _, t := range topics {
		c.topics = slices.DeleteFunc(c.topics, func(o string) bool { return o == t })
		if q.Op == "subscribe" {
			c.topics = append(c.topics, t)
		}
	}
	h.present(c.account, nil)
	h.acknowledge(c, q, "")
}

func (h *hub) listens(c *client, topic string) bool {
	for _, ch := range h.channels {
		if ch.topic == topic && ch.m.category == c.end.category && slices.ContainsFunc(ch.subs, func(s *subscription) bool { return s.client == c && !s.stalled }) {
			return true
		}
	}
	return false
}

// subscribe adds a connection to the channel of a topic.
func (h *hub) subscribe(c *client, want *channel) *channel {
	h.unsubscribe(c, want.topic) // one that stalled
	for _, ch := range h.byMarket[want.m.In.ID] {
		if ch.topic == want.topic {
			ch.subs = append(ch.subs, &subscription{client: c})
			return ch
		}
	}
	want.subs = []*subscription{{client: c}}
	h.channels = append(h.channels, want)
	h.byMarket[want.m.In.ID] = append(h.byMarket[want.m.In.ID], want)
	return want
}

func (h *hub) unsubscribe(c *client, topic string) {
	h.end(func(ch *channel, s *subscription) bool {
		return s.client == c && ch.topic == topic && ch.m.category == c.end.category
	})
}

// forget forgets a connection.
func (h *hub) forget(c *client) {
	h.clients = slices.DeleteFunc(h.clients, func(o *client) bool { return o == c })
	h.end(func(_ *channel, s *subscription) bool { return s.client == c })
	h.present(c.account, c.topics)
}

// end removes subscriptions, and the channels that are left without any.
func (h *hub) end(gone func(*channel, *subscription) bool) {
	for _, ch := range h.channels {
		ch.subs = slices.DeleteFunc(ch.subs, func(s *subscription) bool { return gone(ch, s) })
	}
	dead := func(ch *channel) bool { return len(ch.subs) == 0 }
	for _, ch := range h.channels {
		if dead(ch) {
			h.byMarket[ch.m.In.ID] = slices.DeleteFunc(h.byMarket[ch.m.In.ID], dead)
		}
	}
	h.channels = slices.DeleteFunc(h.channels, dead)
}

// send gives a message to who listens.
func (ch *channel) send(payload []byte) {
	for _, s := range ch.subs {
		if !s.stalled {
			s.client.conn.Peer.Send(payload)
		}
	}
}

// stall stops single topics of connections that carry others, until they are subscribed to
// anew.
func (h *hub) stall(f *simserver.Strike) {
	for _, ch := range h.channels {
		if f.Symbol != "" && ch.m.In.Symbol != f.Symbol || f.Segment != nil && f.Segment != ch.m.Segment {
			continue
		}
		for _, s := range ch.subs {
			s.stalled = s.stalled || slices.Contains(f.Conns, s.client.conn)
		}
	}
}

// sendPrivate gives an event to the account's connections that listen to its topic.
func (h *hub) sendPrivate(a *account, m simserver.Message) {
	e, ok := m.Body.(event)
	if !ok {
		return
	}
	for _, c := range h.clients {
		if c.account != a || c.end.route != "private" || h.state.Links.Muted(c.conn) {
			continue
		}
		for _, t := range c.topics {
			if t == m.Kind || e.category != "" && t == m.Kind+"."+string(e.category) {
				a.serial++
				c.send(reply.Object{{"id", strconv.FormatInt(a.uid(), 10) + "_" + strconv.FormatInt(a.serial, 10)}, {"topic", t}, {"creationTime", millis(h.state.Clock.Now())}, {"data", reply.List{e.row}}})
			}
		}
	}
}

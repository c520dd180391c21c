package host

import "github.com/perilune/perilune/exchange"

// darkAfter is how long a channel of a venue may be lost before the core is told that it is
// dark: connections are replaced within seconds, and what is missed meanwhile is told by
// gaps and by what the account's stream says of itself.
const darkAfter = 3 * exchange.Second

// channels are the ways to the venues of a session, and what the core was told of them.
// They belong to the loop.
type channels struct {
	post func(*exchange.Event)
	list []*channel
}

// channel is one of the ways to a house.
type channel struct {
	house string
	kind  exchange.Channel
	since exchange.Time // when it was found lost; 0: it is not
	told  string        // why the core takes it for dark; "": it does not
}

// follow tells the core when a channel has been lost for long, and when it is back. why is
// "" where it works.
func (cs *channels) follow(now exchange.Time, house string, kind exchange.Channel, why string) {
	c := cs.of(house, kind)
	switch {
	case why == "":
		c.since = 0
		if c.told != "" {
			cs.tell(c, "")
		}
	case c.since == 0:
		c.since = now
	case c.told == "" && now-c.since >= darkAfter:
		cs.tell(c, why)
	}
}

func (cs *channels) of(house string, kind exchange.Channel) *channel {
	for _, c := range cs.list {
		if c.house == house && c.kind == kind {
			return c
		}
	}
	c := &channel{house: house, kind: kind}
	cs.list = append(cs.list, c)
	return c
}

// why the core takes a channel for dark; "": it does not.
func (cs *channels) why(house string, kind exchange.Channel) string { return cs.of(house, kind).told }

// tell tells the core, which says so in the log.
func (cs *channels) tell(c *channel, why string) {
	c.told = why
	cs.post(&exchange.Event{Kind: exchange.KindVenue, Instrument: exchange.NoInstrument, Name: c.house, Channel: c.kind, Reason: why})
}

// lost lists the channels that the core takes for dark, and why.
func (cs *channels) lost() (out []string) {
	for _, c := range cs.list {
		if c.told != "" {
			out = append(out, c.house+": "+c.kind.String()+": "+c.told)
		}
	}
	return out
}

// metrics tell which channels are dark.
func (cs *channels) metrics(l *metricList) {
	for _, c := range cs.list {
		l.add(Gauge, "perilune_venue_dark", "1 while a venue can't be reached on a channel.", asFigure(c.told != ""),
			Label{"venue", c.house}, Label{"channel", c.kind.String()})
	}
}

package synth

import (
	"fmt"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// Crowd is a market with many linear contracts of each house, for measuring what a thousand
// books cost. The further ones are copies of those that the house lists under names of their
// own (BTC2USDT, BTC3USDT, …): they move exactly together, so they say nothing
// about strategies.
type Crowd struct {
	*Market
	universe *exchange.Universe
	copies   [][]exchange.InstrumentID // by the market's own instrument
	last     exchange.Event
	left     []exchange.InstrumentID // that the last event is still to be told of
}

// NewCrowd returns a market with n linear perpetuals of each house in all, at least those
// that it lists.
func NewCrowd(opt Options, n int) (*Crowd, error) {
	m, err := New(opt)
	if err != nil {
		return nil, err
	}
	c := &Crowd{Market: m, copies: make([][]exchange.InstrumentID, len(m.universe.All()))}
	list, origin := c.list(n)
	if c.universe, err = exchange.NewUniverse(list); err != nil {
		return nil, fmt.Errorf("simulated market of %d contracts: %w", n, err)
	}
	for i := range list {
		in, ok := c.universe.Find(list[i].Venue, list[i].Symbol)
		if !ok {
			return nil, fmt.Errorf("simulated market: %s is lost", list[i].Symbol)
		}
		c.copies[origin[i]] = append(c.copies[origin[i]], in.ID)
	}
	return c, nil
}

// list is the market's own instruments and the copies, and whose copy each is. Of each
// house there are n linear perpetuals in all, or as many as it lists where those are more.
func (c *Crowd) list(n int) (list []exchange.Instrument, origin []exchange.InstrumentID) {
	var houses []string
	perps := map[string][]*exchange.Instrument{}
	for _, in := range c.Market.universe.All() {
		list, origin = append(list, *in), append(origin, in.ID)
		if in.Contract != exchange.Linear || in.Dated() {
			continue
		}
		house := in.Venue.House()
		if perps[house] == nil {
			houses = append(houses, house)
		}
		perps[house] = append(perps[house], in)
	}
	for _, house := range houses {
		own := perps[house]
		for k := len(own); k < n; k++ {
			of := own[k%len(own)]
			in := *of
			in.Base = fmt.Sprintf("%s%d", of.Base, k/len(own)+1)
			in.Symbol = strings.Replace(of.Symbol, of.Base, in.Base, 1)
			list, origin = append(list, in), append(origin, of.ID)
		}
	}
	return list, origin
}

// Universe returns the instruments of the crowd.
func (c *Crowd) Universe() *exchange.Universe { return c.universe }

// Next fills ev with the market's next event, once for the instrument and once
// for each copy. The levels are shared.
func (c *Crowd) Next(ev *exchange.Event) error {
	if len(c.left) == 0 {
		if err := c.Market.Next(&c.last); err != nil {
			return err
		}
		c.left = c.copies[c.last.Instrument]
	}
	*ev = c.last
	ev.Instrument, c.left = c.left[0], c.left[1:]
	return nil
}

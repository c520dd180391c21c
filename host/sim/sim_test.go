package sim_test

import (
	"context"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/execution"
	"github.com/perilune/perilune/host/sim"
)

// opener opens one pair at the start and closes it after a while.
type opener struct {
	t      *testing.T
	states []string
	id     exchange.PairID
	closed bool
}

func (o *opener) Name() string            { return "opener" }
func (o *opener) Subscriptions() []string { return []string{"*"} }
func (o *opener) Wants(h core.Handler) bool {
	return h == core.OnStart || h == core.OnPair || h == core.OnTimer
}
func (o *opener) State() ([]byte, error)                    { return []byte("{}"), nil }
func (o *opener) Close()                                    {}
func (o *opener) Restart(*core.Port) (core.Strategy, error) { return nil, nil }
func (o *opener) Reload(*core.Port, *exchange.Reload) (core.Strategy, error) {
	return o, nil
}

func (o *opener) Call(p *core.Port, n *core.Notice) error {
	switch n.Handler {
	case core.OnStart:
		p.SetTimer("open", p.Now()+exchange.Minute, 0)
		p.SetTimer("close", p.Now()+20*exchange.Hour, 0)
	case core.OnPair:
		o.states = append(o.states, n.Pair.State.String())
	case core.OnTimer:
		if n.Name == "close" {
			return p.ClosePair(execution.CloseRequest{Pair: o.id})
		}
		spot, _ := p.Universe().Find(exchange.Spot, "SHIBUSDT")
		perp, _ := p.Universe().Find(exchange.USDM, "1000SHIBUSDT")
		id, err := p.OpenPair(execution.PairRequest{Spot: spot.ID, Perp: perp.ID, Notional: decimal.NewFromInt(9000), Batch: decimal.NewFromInt(2000)})
		o.id = id
		return err
	}
	return nil
}

type keep struct {
	lines []string
	u     *exchange.Universe
}

func (k *keep) Before(*exchange.Event) error { return nil }
func (k *keep) After(ev *exchange.Event, fx []core.Effect) error {
	for i := range fx {
		if fx[i].Kind != core.EffectEquity {
			k.lines = append(k.lines, fx[i].Time.String()+" "+string(fx[i].Append(nil, k.u)))
		}
	}
	return nil
}

func TestOpenAndClose(t *testing.T) {
	m, err := synth.New(synth.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	o := &opener{t: t}
	c, err := core.New(core.Config{Universe: m.Universe()}, []core.Strategy{o}, nil)
	if err != nil {
		t.Fatal(err)
	}
	dep := []paper.Deposit{{Market: exchange.Spot, Asset: "USDT", Amount: decimal.NewFromInt(50000)}, {Market: exchange.USDM, Asset: "USDT", Amount: decimal.NewFromInt(50000)}}
	v, err := paper.New(paper.Options{Universe: m.Universe(), Books: c.Book, Seed: 1, Balances: dep})
	if err != nil {
		t.Fatal(err)
	}
	k := &keep{u: m.Universe()}
	d := &sim.Driver{Core: c, Feed: m, Venue: v, Recorder: k, For: exchange.Day}
	for _, b := range dep {
		d.Prelude = append(d.Prelude, exchange.Event{Kind: exchange.KindBalance, Instrument: exchange.NoInstrument, Wallet: b.Market, Asset: b.Asset, Amount: b.Amount})
	}
	if err := d.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, l := range k.lines {
		t.Log(l)
	}
	t.Log(o.states, d.Events())
	for _, h := range c.Holdings() {
		if got := v.Balance(h.Wallet, h.Asset).Total; !got.Equal(h.Total) {
			t.Errorf("%s %s: core %s, venue %s", h.Wallet, h.Asset, h.Total, got)
		}
	}
}

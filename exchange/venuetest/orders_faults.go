package venuetest

import (
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/oms"
)

// underFault: whatever goes wrong, every order comes to an end that the venue agrees
// with, nothing is placed twice, and nothing is left unexplained.
func underFault(p *trial, f Fault) {
	if f == TransferLost && p.b.Transfer == nil {
		p.Skip("this venue has no transfers")
	}
	p.inject(f)
	if f == TransferLost {
		if t := p.move(*p.b.Transfer, 1); !t.Done {
			p.Errorf("the transfer failed: %s", t.Reason)
		}
		p.agree()
		return
	}
	p.round(f.String())
	p.agree()
}

// round takes and rests in every segment. An order that was not carried out may be
// rejected: that is for the venue to say, and for the ledger to agree with.
func (p *trial) round(what string) {
	p.Helper()
	var takes, rests []exchange.OrderID
	for i := range p.b.Trades {
		tr := &p.b.Trades[i]
		takes = append(takes, p.send(p.order(tr, exchange.Buy, exchange.IOC, decimal.Zero)))
		rests = append(rests, p.send(p.order(tr, exchange.Buy, exchange.GTC, tr.Rest)))
	}
	for _, id := range rests {
		p.rests(what, id)
		p.s.Cancel(id, p.b.Began())
	}
	for _, id := range takes {
		if o := p.over(what, id); o.Status != exchange.StatusFilled && !(o.Status == exchange.StatusRejected && o.Filled == 0) {
			p.Errorf("%s: order %d is %s (%s)", what, id, o.Status, o.Reason)
		}
	}
	for _, id := range rests {
		if o := p.over(what, id); o.Filled != 0 || o.Status != exchange.StatusCanceled && o.Status != exchange.StatusRejected {
			p.Errorf("%s: order %d is %s with %d filled (%s)", what, id, o.Status, o.Filled, o.Reason)
		}
	}
}

// disturbed: every event of the streams comes twice, and each second one only after the
// next has come.
func disturbed(t *testing.T, h *Harness) {
	p := &trial{T: t, b: h.Open(t)}
	if p.b.Listen == nil {
		t.Skip("this venue tells its events in the loop: nothing comes between")
	}
	var mu sync.Mutex
	var held *oms.AccountEvent
	p.disturb = func(ev oms.AccountEvent, pass func(oms.AccountEvent)) {
		mu.Lock()
		defer mu.Unlock()
		if held == nil && (ev.Report != nil || ev.Execution != nil) {
			held = &ev
			time.AfterFunc(200*time.Millisecond, func() { // nothing may come after it
				mu.Lock()
				defer mu.Unlock()
				if held == &ev {
					pass(ev)
					held = nil
				}
			})
			return
		}
		pass(ev)
		if held != nil {
			pass(*held)
			held = nil
		}
		pass(ev)
	}
	p.l = newLedger(p.b.Universe, p.b.Began())
	p.start()
	t.Cleanup(p.end)
	for range 3 {
		p.round("disturbed")
	}
	p.agree()
}

// restartPoints are where a process ends, and the next begins on its ledger.
var restartPoints = []struct {
	name string
	act  func(*trial) // up to the point
}{
	{"before an answer", func(p *trial) {
		for i := range p.b.Trades {
			p.send(p.order(&p.b.Trades[i], exchange.Buy, exchange.IOC, decimal.Zero))
			p.send(p.order(&p.b.Trades[i], exchange.Buy, exchange.GTC, p.b.Trades[i].Rest))
		}
	}},
	{"while orders rest", func(p *trial) {
		for i := range p.b.Trades {
			p.rests("it", p.send(p.order(&p.b.Trades[i], exchange.Buy, exchange.GTC, p.b.Trades[i].Rest)))
		}
	}},
	{"after fills", func(p *trial) {
		for i := range p.b.Trades {
			p.over("it", p.send(p.order(&p.b.Trades[i], exchange.Buy, exchange.IOC, decimal.Zero)))
		}
	}},
	{"while a transfer is under way", func(p *trial) {
		if p.b.Transfer == nil {
			p.Skip("this venue has no transfers")
		}
		t := *p.b.Transfer
		t.ID = 1
		p.l.depart(&t, p.now())
		p.s.Transfer(&t, p.b.Began())
	}},
}

// restarted: a process that begins on the ledger of another comes to the same end. It
// cancels what it finds in the book.
func restarted(p *trial, act func(*trial)) {
	if p.b.Account == nil {
		p.Skip("this venue ends with the process: there is nothing to come back to")
	}
	act(p)
	p.end()
	p.b.Pass(exchange.Second)
	p.start()
	p.l.read(func() bool {
		for _, o := range p.l.orders {
			if !o.Status.Terminal() {
				p.s.Cancel(o.ID, 0)
			}
		}
		return true
	})
	p.until("everything is over", func() bool {
		return p.l.read(func() bool {
			for _, o := range p.l.orders {
				if !o.Status.Terminal() {
					return false
				}
			}
			return len(p.l.transits) == 0
		})
	})
	p.round("after the restart")
	p.agree()
}

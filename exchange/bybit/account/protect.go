package account

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/bybit/client"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/wire"
)

// The venue's dead man's switch, disconnect cancel all (DCP), is granted to institutional
// clients by their account manager. Where it is, all orders of a product are canceled some
// time after the last private stream that asked for its topic is lost, whoever placed them.
// The topic is therefore asked for with the first order of a product, and not before: whoever
// only looks at the account, and hangs up, would cancel what somebody has in the book.
// Source: the manual, "Set Disconnect Cancel All", "Get DCP Info", and the stream "DCP".

// product is what the venue's switch covers of a category.
type product string

const (
	spot        product = "SPOT"
	derivatives product = "DERIVATIVES"
)

var productTopics = map[product]string{spot: "dcp.spot", derivatives: "dcp.future"}

func productOf(c api.Category) product {
	if c == api.Spot {
		return spot
	}
	return derivatives
}

// Protection is the switch of a product, where the venue has granted it.
type Protection struct {
	Product string
	On      bool
	Seconds int // after the stream was lost
}

// Protections asks which switches the account has.
func (a *Account) Protections(ctx context.Context) ([]Protection, error) {
	var s struct {
		List []struct {
			Product string `json:"product"`
			Status  string `json:"dcpStatus"`
			Window  string `json:"timeWindow"`
		} `json:"dcpInfos"`
	}
	q := client.Request{What: "ask about the dead man's switch", Path: "/v5/account/query-dcp-info", Count: client.Read, Priority: limit.Hedge}
	result, err := a.Do(ctx, q)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(result, &s); err != nil {
		return nil, q.Garbled(err)
	}
	var out []Protection
	for _, p := range s.List {
		n, _ := strconv.Atoi(p.Window) // 0: it does not say
		out = append(out, Protection{p.Product, p.Status == "ON", n})
	}
	return out, nil
}

// The spans that the venue takes. Source: the manual, timeWindow.
const (
	leastWindow = 3
	mostWindow  = 300
)

// LearnSwitches asks which switches the account has, which its Profile depends on, and
// remembers after how long they are wanted to strike; 0: as the account has them. It is called
// once, before the Profile is asked for. An account that does not tell has none.
func (a *Account) LearnSwitches(ctx context.Context, wanted exchange.Time) {
	list, err := a.Protections(ctx)
	if err != nil {
		a.log("the dead man's switch: " + err.Error())
		return
	}
	a.wanted = min(int(wanted/exchange.Second), mostWindow)
	if a.wanted != 0 {
		a.wanted = max(a.wanted, leastWindow)
	}
	for _, p := range list {
		if p.On {
			a.granted[product(p.Product)] = p.Seconds
		}
	}
}

// arm asks for the topic of a category's switch, with the first order.
func (a *Account) arm(c api.Category) {
	p := productOf(c)
	seconds, granted := a.granted[p]
	if !granted {
		return
	}
	a.mu.Lock()
	s := a.stream
	first := s != nil && !a.armed[p]
	if first {
		a.armed[p] = true
	}
	a.mu.Unlock()
	if !first {
		return
	}
	s.wire.Subscribe(wire.Stream{Name: productTopics[p]})
	if a.wanted != 0 && a.wanted != seconds {
		a.tasks.Go(func() { a.setWindow(p) })
		return
	}
	a.log(fmt.Sprintf("the venue cancels all orders of %s %d s after this session's stream is lost", p, seconds))
}

// setWindow asks for the wanted span. The switch holds without it.
func (a *Account) setWindow(p product) {
	body, err := json.Marshal(struct {
		Product product `json:"product"`
		Window  int     `json:"timeWindow"`
	}{p, a.wanted})
	if err == nil {
		_, err = a.Do(a.run, client.Request{What: "set the dead man's switch", Path: "/v5/order/disconnected-cancel-all", Body: body, Count: client.Read, Priority: limit.Hedge})
	}
	if err != nil {
		a.log(fmt.Sprintf("the venue cancels all orders of %s %d s after this session's stream is lost, and not %d: %v", p, a.granted[p], a.wanted, err))
		return
	}
	a.log(fmt.Sprintf("the venue cancels all orders of %s %d s after this session's stream is lost", p, a.wanted))
}

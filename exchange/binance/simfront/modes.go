package simfront

import (
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
)

// Modes of a futures account. They can be set, so that a client can be seen to
// find them; only one-way positions on cross margin of one asset are traded.

func (h *accountModes) setMarginType(c *call) (any, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	isolated := c.account.Isolated[m.In.ID]
	switch want := c.get("marginType"); {
	case want == "":
		return nil, missing("marginType")
	case want != "CROSSED" && want != "ISOLATED":
		return nil, bad(-1130, "Data sent for parameter 'marginType' is not valid.")
	case isolated == (want == "ISOLATED"):
		return nil, bad(-4046, "No need to change margin type.")
	case want == "ISOLATED":
		return nil, errUnsupported
	}
	delete(c.account.Isolated, m.In.ID)
	return object{{"code", 200}, {"msg", "success"}}, nil
}

func (h *accountModes) positionMode(c *call) (any, *fault) {
	return object{{"dualSidePosition", c.account.Hedge}}, nil
}

// setPositionMode changes hedge mode, which USD-M and COIN-M share: neither may
// have an order or a position.
func (h *accountModes) setPositionMode(c *call) (any, *fault) {
	dual, f := c.flag("dualSidePosition")
	switch {
	case f != nil:
		return nil, f
	case !c.has("dualSidePosition"):
		return nil, missing("dualSidePosition")
	case dual == c.account.Hedge:
		return nil, bad(-4059, "No need to change position side.")
	}
	for _, m := range h.markets {
		switch {
		case !m.In.Perp():
		case len(c.account.openOrders(api.Of(m.In.Venue), m)) > 0:
			return nil, bad(-4067, "Position side cannot be changed if there exists open orders.")
		case c.account.Funds.Position(m.In.ID).Qty != 0:
			return nil, bad(-4068, "Position side cannot be changed if there exists position.")
		}
	}
	c.account.Hedge = dual
	return object{{"code", 200}, {"msg", "success"}}, nil
}

func (h *accountModes) multiAssets(c *call) (any, *fault) {
	return object{{"multiAssetsMargin", c.account.MultiAsset}}, nil
}

func (h *accountModes) setMultiAssets(c *call) (any, *fault) {
	multi, f := c.flag("multiAssetsMargin")
	switch {
	case f != nil:
		return nil, f
	case !c.has("multiAssetsMargin"):
		return nil, missing("multiAssetsMargin")
	case multi == c.account.MultiAsset:
		return nil, bad(-4171, "No need to change Multi-Assets Mode.")
	}
	c.account.MultiAsset = multi
	c.account.events.queueEvent(api.USDM, "ACCOUNT_CONFIG_UPDATE", c.account.events.envelope(api.USDM, "ACCOUNT_CONFIG_UPDATE", h.clock.Now()).with(
		field{"ai", object{{"j", multi}}}))
	c.account.Outbox.Flush()
	return object{{"code", 200}, {"msg", "success"}}, nil
}

// tradable refuses orders in a mode that is not simulated, and a position side
// that the mode does not have.
func (c *call) tradable(m *market) *fault {
	side := c.get("positionSide")
	switch hedge := side == "LONG" || side == "SHORT"; {
	case hedge != c.account.Hedge || side != "" && side != "BOTH" && !hedge:
		return bad(-4061, "Order's position side does not match user's setting.")
	case hedge, c.account.MultiAsset, c.account.Isolated[m.In.ID]:
		return errUnsupported
	}
	return nil
}

func (h *accountViews) symbolConfig(c *call) (any, *fault) {
	wanted, f := h.wanted(c)
	if f != nil {
		return nil, f
	}
	out := list{}
	for _, m := range wanted {
		leverage := c.account.Funds.Leverage(m.In.ID)
		out = append(out, object{{"symbol", m.In.Symbol}, {"marginType", c.account.holding(m).marginType("ISOLATED", "CROSSED")}, {"isAutoAddMargin", false}, {"leverage", leverage},
			{"maxNotionalValue", capOf(m, leverage).val}})
	}
	return out, nil
}

func (h *accountViews) accountConfig(c *call) (any, *fault) {
	return object{{"feeTier", 0}, {"canTrade", true}, {"canDeposit", true}, {"canWithdraw", c.apiKey.May(simserver.MayWithdraw)}, {"dualSidePosition", c.account.Hedge}, {"updateTime", 0},
		{"multiAssetsMargin", c.account.MultiAsset}, {"tradeGroupId", -1}}, nil
}

// adlQuantile is the place of each position in the queue of auto-deleveraging.
// There is nobody else in it, so it is always the last.
func (h *accountViews) adlQuantile(c *call) (any, *fault) {
	wanted, f := h.wanted(c)
	if f != nil {
		return nil, f
	}
	out := list{}
	for _, m := range wanted {
		if c.account.Funds.Position(m.In.ID).Qty != 0 {
			out = append(out, object{{"symbol", m.In.Symbol}, {"adlQuantile", object{{"LONG", 0}, {"SHORT", 0}, {"BOTH", 0}}}})
		}
	}
	return out, nil
}

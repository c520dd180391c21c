package simfront

import (
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
)

// Modes of a futures account.

// setMarginType gives the positions of a symbol margin of their own, or that of the wallet.
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
	case len(c.account.openOrders(c.market, m)) > 0:
		return nil, bad(-4047, "Margin type cannot be changed if there exists open orders.")
	case c.account.open(m):
		return nil, bad(-4048, "Margin type cannot be changed if there exists position.")
	case want == "ISOLATED" && c.market == api.USDM && c.account.MultiAsset:
		return nil, bad(-4168, "Unable to adjust to isolated-margin mode under the Multi-Assets mode.")
	}
	if err := c.account.SetIsolated(m.In.ID, !isolated); err != nil {
		return nil, bad(-4048, "Margin type cannot be changed if there exists position.")
	}
	c.account.events.marginMoved(m, "MARGIN_TYPE_CHANGE", c.account.holdings(m), h.clock.Now())
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
		case c.account.open(m):
			return nil, bad(-4068, "Position side cannot be changed if there exists position.")
		}
	}
	if err := c.account.SetHedged(dual); err != nil {
		return nil, bad(-4068, "Position side cannot be changed if there exists position.")
	}
	return object{{"code", 200}, {"msg", "success"}}, nil
}

func (h *accountModes) multiAssets(c *call) (any, *fault) {
	return object{{"multiAssetsMargin", c.account.MultiAsset}}, nil
}

// setMultiAssets changes multi-assets mode, which no order, position or isolated symbol of
// USD-M may stand in the way of. The manual has a code for orders; of positions it says in
// its help pages alone that they do, and theirs is taken to be the same.
func (h *accountModes) setMultiAssets(c *call) (any, *fault) {
	multi, f := c.flag("multiAssetsMargin")
	switch {
	case f != nil:
		return nil, f
	case !c.has("multiAssetsMargin"):
		return nil, missing("multiAssetsMargin")
	case multi == c.account.MultiAsset:
		return nil, bad(-4171, "Adjusted asset mode is currently set and does not need to be adjusted repeatedly.")
	}
	for _, m := range h.marketsOf(api.USDM) {
		switch {
		case multi && c.account.Isolated[m.In.ID]:
			return nil, bad(-4167, "Unable to adjust to Multi-Assets mode with symbols of USDⓈ-M Futures under isolated-margin mode.")
		case len(c.account.openOrders(api.USDM, m)) > 0, c.account.open(m):
			return nil, bad(-4170, "Unable to adjust Multi-Assets Mode with open orders in USDⓈ-M Futures.")
		}
	}
	for _, p := range c.account.marginAssets(api.USDM) {
		if p.wallet.IsNegative() {
			return nil, bad(-4172, "Unable to adjust Multi-Assets Mode with a negative wallet balance of margin available asset in USDⓈ-M Futures account.")
		}
	}
	if err := c.account.SetMultiAsset(multi); err != nil {
		return nil, bad(-4167, "Unable to adjust to Multi-Assets mode with symbols of USDⓈ-M Futures under isolated-margin mode.")
	}
	c.account.events.queueEvent(api.USDM, "ACCOUNT_CONFIG_UPDATE", c.account.events.envelope(api.USDM, "ACCOUNT_CONFIG_UPDATE", h.clock.Now()).with(
		field{"ai", object{{"j", multi}}}))
	c.account.Outbox.Flush()
	return object{{"code", 200}, {"msg", "success"}}, nil
}

// readPosition reads which position an order is for, and what it makes of it: in hedge mode
// side and positionSide together say whether it opens or closes, and reduceOnly is not
// taken. Source: POST order of USD-M and COIN-M.
func (t *ticket) readPosition(c *call) (f *fault) {
	if t.position, f = c.readSide(); f != nil {
		return f
	}
	switch {
	case !c.account.Hedge:
		t.reduceOnly, f = c.flag("reduceOnly")
		return f
	case c.has("reduceOnly"):
		return notRequired("reduceonly")
	}
	t.reduceOnly = t.side != t.position
	return nil
}

// closes refuses to close more of one of two positions than there is.
func (t *ticket) closes(c *call) *fault {
	if t.position == 0 || !t.reduceOnly {
		return nil
	}
	held := c.account.Funds.Leg(t.m.In.ID, t.position).Position().Qty.Abs()
	if t.m.In.QtyDecimal(held).LessThan(t.qty) {
		return bad(-2022, "ReduceOnly Order is rejected.")
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
		out = append(out, object{{"symbol", m.In.Symbol}, {"marginType", c.account.holding(m, 0).marginType("ISOLATED", "CROSSED")}, {"isAutoAddMargin", false}, {"leverage", leverage},
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
		if c.account.open(m) {
			out = append(out, object{{"symbol", m.In.Symbol}, {"adlQuantile", object{{"LONG", 0}, {"SHORT", 0}, {"BOTH", 0}}}})
		}
	}
	return out, nil
}

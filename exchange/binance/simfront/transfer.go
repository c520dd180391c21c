package simfront

import (
	"slices"

	"github.com/perilune/perilune/exchange/binance/api"
)

// transferTypes are the wallets of the types that are simulated. Source:
// asset/transfer; there is no direct way between the futures wallets.
var transferTypes = map[string][2]api.Market{
	"MAIN_UMFUTURE": {api.Spot, api.USDM}, "UMFUTURE_MAIN": {api.USDM, api.Spot},
	"MAIN_CMFUTURE": {api.Spot, api.COINM}, "CMFUTURE_MAIN": {api.COINM, api.Spot},
}

func (h *wallets) transfer(c *call) (any, *fault) {
	wallets, ok := transferTypes[c.get("type")]
	switch {
	case !c.has("type"):
		return nil, missing("type")
	case !ok:
		return nil, bad(-9000, "Unsupported transfer type %s.", c.get("type"))
	case !c.has("asset"):
		return nil, missing("asset")
	}
	amount, f := c.amount("amount")
	if f != nil {
		return nil, f
	}
	if h.strikes("transfer_lost", 0, "") {
		return nil, errUnknownOutcome
	}
	mv, err := c.account.Funds.Transfer(c.get("type"), c.get("asset"), h.segments[wallets[0]], h.segments[wallets[1]], amount)
	if err != nil {
		return nil, bad(-5013, "Asset transfer failed: insufficient balance")
	}
	return object{{"tranId", mv.ID}}, nil
}

func (h *wallets) transferHistory(c *call) (any, *fault) {
	if !c.has("type") {
		return nil, missing("type")
	}
	from, to, f := c.window()
	if f != nil {
		return nil, f
	}
	size, f := c.bounded("size", 10, 100)
	if f != nil {
		return nil, f
	}
	page, f := c.bounded("current", 1, 1<<30)
	if f != nil {
		return nil, f
	}
	rows := list{}
	for _, mv := range slices.Backward(c.account.Ledger.Transfers()) { // newest first
		if mv.Type == c.get("type") && within(mv.Time, from, to) {
			rows = append(rows, object{{"asset", mv.Asset}, {"amount", mv.Amount.String()}, {"type", mv.Type}, {"status", mv.Status()}, {"tranId", mv.ID}, {"timestamp", millis(mv.Time)}})
		}
	}
	total := len(rows)
	rows = rows[min(total, (page-1)*size):]
	return object{{"total", total}, {"rows", rows[:min(size, len(rows))]}}, nil
}

package simserver

import (
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
)

// move is one transfer between wallets.
type move struct {
	kind   string
	asset  string
	amount decimal.Decimal
	id     int64
	at     exchange.Time
	reason string // why it failed
	done   bool
}

// transferTypes are the wallets of the types that are simulated. Source:
// asset/transfer; there is no direct way between the futures wallets.
var transferTypes = map[string][2]api.Market{
	"MAIN_UMFUTURE": {api.Spot, api.USDM}, "UMFUTURE_MAIN": {api.USDM, api.Spot},
	"MAIN_CMFUTURE": {api.Spot, api.COINM}, "CMFUTURE_MAIN": {api.COINM, api.Spot},
}

func transfer(s *sim, c *call) (any, *fault) {
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
	if s.desk.strikes(s, "transfer_lost", 0, "") {
		return nil, errUnknownOutcome
	}
	mv, f := c.account.move(c.get("type"), c.get("asset"), wallets, amount)
	if f != nil {
		return nil, f
	}
	return object{{"tranId", mv.id}}, nil
}

// move sends a transfer. It arrives at once, unless a fault makes it late.
func (a *account) move(kind, asset string, wallets [2]api.Market, amount decimal.Decimal) (*move, *fault) {
	now := a.s.now
	a.tran++
	mv := &move{kind: kind, asset: asset, amount: amount, id: a.tran, at: now}
	a.moving[uint64(mv.id)] = mv
	a.slowTransfer()
	a.venue.Transfer(&exchange.Transfer{ID: uint64(mv.id), Strategy: -1, Asset: asset, From: wallets[0].Wallet(), To: wallets[1].Wallet(), Amount: amount}, now)
	a.drain()
	if mv.reason != "" {
		return nil, bad(-5013, "Asset transfer failed: insufficient balance")
	}
	a.moves = append(a.moves, mv)
	if !mv.done { // the money has left
		a.tellMove(wallets[0], amount.Neg(), mv, now)
		a.flush()
	}
	return mv, nil
}

// slowTransfer sets how long the next transfer is under way.
func (a *account) slowTransfer() {
	l := paper.Latency{Model: "none"}
	if f, hit := a.s.desk.take(a.s, "transfer_late", 0, ""); hit && f.Millis > 0 {
		l = paper.Latency{Model: "const", Median: exchange.UnixMilli(f.Millis)}
	}
	if err := a.venue.SetTransferLatency(l); err != nil {
		a.s.opt.Log(err.Error())
	}
}

// onTransfer books the end of a transfer and tells the wallets that have not
// heard of it.
func (a *account) onTransfer(t *exchange.Transfer, at exchange.Time) {
	mv := a.moving[t.ID]
	delete(a.moving, t.ID)
	if t.Failed {
		mv.reason = t.Reason
		return
	}
	mv.done = true
	if at == mv.at {
		a.tellMove(api.Of(t.From), t.Amount.Neg(), mv, at)
	}
	a.tellMove(api.Of(t.To), t.Amount, mv, at)
}

// tellMove books and tells one wallet's side of a transfer.
func (a *account) tellMove(wallet api.Market, amount decimal.Decimal, mv *move, at exchange.Time) {
	if wallet == api.Spot {
		a.tellSpotChange(mv.asset, amount, at)
		return
	}
	reason := "DEPOSIT"
	if amount.IsNegative() {
		reason = "WITHDRAW"
	}
	a.incomes = append(a.incomes, incomeRow{market: wallet, kind: "TRANSFER", amount: amount, asset: mv.asset, info: "TRANSFER", at: at, tran: mv.id})
	a.tellAccount(wallet, reason, mv.asset, amount, nil, at)
}

// status is how the history tells a transfer.
func (mv *move) status() string {
	if mv.done {
		return "CONFIRMED"
	}
	return "PENDING"
}

func transferHistory(_ *sim, c *call) (any, *fault) {
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
	for i := len(c.account.moves) - 1; i >= 0; i-- { // newest first
		if mv := c.account.moves[i]; mv.kind == c.get("type") && within(mv.at, from, to) {
			rows = append(rows, object{{"asset", mv.asset}, {"amount", mv.amount.String()}, {"type", mv.kind}, {"status", mv.status()}, {"tranId", mv.id}, {"timestamp", millis(mv.at)}})
		}
	}
	total := len(rows)
	rows = rows[min(total, (page-1)*size):]
	return object{{"total", total}, {"rows", rows[:min(size, len(rows))]}}, nil
}

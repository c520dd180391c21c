package simfront

import (
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/paper"
)

// Multi-assets mode of USD-M: what assets count for as margin.

// buffers are by how much an asset counts for less than its index as margin, and for more
// as a debt. Source: Binance, "What Is Multi-Assets Mode": collateral value ratios.
var buffers = []struct {
	asset string
	off   decimal.Decimal
}{
	{"USDT", decimal.New(1, -4)}, {"USDC", decimal.New(1, -4)}, {"BTC", decimal.New(5, -2)}, {"ETH", decimal.New(5, -2)}, {"BNB", decimal.New(5, -2)},
	{"XRP", decimal.New(1, -1)}, {"ADA", decimal.New(1, -1)}, {"DOT", decimal.New(1, -1)}, {"SOL", decimal.New(1, -1)},
}

// assetIndexOf is the index of a margin asset in dollars, with its buffers: off of what is
// held, half of that when the exchange itself sells it (auto-exchange, as in the manual's
// example). A USDT is a dollar.
type assetIndexOf struct {
	asset            string
	index, off, sold decimal.Decimal
}

// marginAssets are the assets that are margin in multi-assets mode and have a price.
func (l *listing) marginAssets() []assetIndexOf {
	var out []assetIndexOf
	for _, b := range buffers {
		if x, ok := l.indexOf(b.asset); ok {
			out = append(out, x)
		}
	}
	return out
}

// indexOf is the index of one of them.
func (l *listing) indexOf(asset string) (assetIndexOf, bool) {
	for _, b := range buffers {
		if b.asset != asset {
			continue
		}
		index, ok := l.inUSDT(asset)
		if m, f := l.findSymbol(api.USDM, asset+"USDT"); f == nil && m.Mark.Index > 0 {
			index, ok = m.Mark.Index.Decimal(), true
		}
		return assetIndexOf{asset, index.Round(8), b.off, b.off.Div(decimal.NewFromInt(2))}, ok
	}
	return assetIndexOf{}, false
}

func (x assetIndexOf) bid(off decimal.Decimal) decimal.Decimal {
	return x.index.Mul(decimal.NewFromInt(1).Sub(off)).Round(8)
}

func (x assetIndexOf) ask(off decimal.Decimal) decimal.Decimal {
	return x.index.Mul(decimal.NewFromInt(1).Add(off)).Round(8)
}

// Pool implements simserver.Pooler: multi-assets mode is of the USD-M wallet.
func (d *dialect) Pool() (exchange.Wallet, paper.Rates) {
	return api.USDM.Wallet(), func(asset string) paper.Rate {
		x, ok := d.listing.indexOf(asset)
		if !ok {
			return paper.Rate{}
		}
		return paper.Rate{Bid: x.bid(x.off), Ask: x.ask(x.off), ExchangeBid: x.bid(x.sold), ExchangeAsk: x.ask(x.sold)}
	}
}

// assetIndex is GET assetIndex: of one asset, or a list of all.
func (h *marketData) assetIndex(c *call) (any, *fault) {
	rows := list{}
	for _, x := range h.marginAssets() {
		row := object{{"symbol", x.asset + "USD"}, {"time", millis(h.clock.Now())}, {"index", x.index}, {"bidBuffer", x.off}, {"askBuffer", x.off},
			{"bidRate", x.bid(x.off)}, {"askRate", x.ask(x.off)}, {"autoExchangeBidBuffer", x.sold}, {"autoExchangeAskBuffer", x.sold},
			{"autoExchangeBidRate", x.bid(x.sold)}, {"autoExchangeAskRate", x.ask(x.sold)}}
		if c.get("symbol") == x.asset+"USD" {
			return row, nil
		}
		rows = append(rows, row)
	}
	if c.has("symbol") {
		return nil, invalidSymbol()
	}
	return rows, nil
}

// assetTopic understands the streams of asset indexes: !assetIndex@arr, and btcusd@assetIndex
// of one.
func (h *hub) assetTopic(mk api.Market, name string) (topic, bool) {
	t := topic{kind: "assetIndex", market: mk, id: exchange.NoInstrument, every: exchange.Second}
	symbol, kind, _ := strings.Cut(name, "@")
	if mk != api.USDM || kind != "assetIndex" {
		return t, mk == api.USDM && name == "!assetIndex@arr"
	}
	asset, ok := strings.CutSuffix(strings.ToUpper(symbol), "USD")
	_, known := h.indexOf(asset)
	t.interval = asset
	return t, ok && known
}

// publishAssets sends the index of one asset, or of all in a list.
func (p *publisher) publishAssets(ch *channel) {
	events := list{}
	for _, x := range p.marginAssets() {
		ev := object{{"e", "assetIndexUpdate"}, {"E", millis(p.clock.Now())}, {"s", x.asset + "USD"}, {"i", x.index}, {"b", x.off}, {"a", x.off}, {"B", x.bid(x.off)},
			{"A", x.ask(x.off)}, {"q", x.sold}, {"g", x.sold}, {"Q", x.bid(x.sold)}, {"G", x.ask(x.sold)}}
		if ch.interval == x.asset {
			ch.send(encode(ev))
			return
		}
		events = append(events, ev)
	}
	if ch.interval == "" {
		ch.send(encode(events))
	}
}

package twin

import (
	"encoding/json"
	"math"

	"github.com/shopspring/decimal"
)

// figure is a number that is null where it is not defined.
type figure float64

// MarshalJSON implements json.Marshaler.
func (f figure) MarshalJSON() ([]byte, error) {
	if v := float64(f); math.IsNaN(v) || math.IsInf(v, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(f))
}

func exact(d decimal.Decimal) json.Number { return json.Number(d.String()) }

type sideJSON struct {
	Filled    figure      `json:"filled"`
	Maker     figure      `json:"maker"`
	FirstFill figure      `json:"first_fill_seconds"`
	FirstWord figure      `json:"first_word_seconds"`
	Fees      json.Number `json:"fees"`
}

type groupJSON struct {
	Orders     int      `json:"orders"`
	Real       sideJSON `json:"real"`
	Paper      sideJSON `json:"paper"`
	OnlyReal   int      `json:"only_real"`
	OnlyPaper  int      `json:"only_paper"`
	Refused    int      `json:"refused_by_paper"`
	FillError  figure   `json:"fill_error"`
	PriceError figure   `json:"price_error_bp"`
	PriceMiss  figure   `json:"price_miss_bp"`
}

// MarshalJSON writes null for what is not defined.
func (m Misfit) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Price   figure `json:"price_bp"`
		Resting figure `json:"resting"`
		Taking  figure `json:"taking"`
	}{figure(m.Price), figure(m.Resting), figure(m.Taking)})
}

type sumJSON struct {
	Of    string      `json:"of"` // currency or asset
	Real  json.Number `json:"real"`
	Paper json.Number `json:"paper"`
}

type outcomeJSON struct {
	Status    string      `json:"status"`
	Reason    string      `json:"reason,omitempty"`
	Filled    json.Number `json:"filled"`
	Price     json.Number `json:"price"` // 0: no fill
	Fees      json.Number `json:"fees"`
	PnL       json.Number `json:"pnl"`
	FirstFill figure      `json:"first_fill_seconds"`
}

type rowJSON struct {
	ClientID   string      `json:"client_id"`
	Sent       string      `json:"sent"`
	Instrument string      `json:"instrument"`
	Side       string      `json:"side"`
	Type       string      `json:"type"`
	TIF        string      `json:"tif"`
	Quantity   json.Number `json:"quantity"`
	PriceError figure      `json:"price_error_bp"`
	Real       outcomeJSON `json:"real"`
	Paper      outcomeJSON `json:"paper"`
}

// MarshalJSON writes the report; money is exact, and what is not defined null.
func (r *Report) MarshalJSON() ([]byte, error) {
	out := struct {
		From    string    `json:"from"`
		To      string    `json:"to"`
		Orders  int       `json:"orders"`
		Left    int       `json:"left_out"`
		Taking  groupJSON `json:"taking"`
		Resting groupJSON `json:"resting"`
		Profit  []sumJSON `json:"profit"`
		Funding []sumJSON `json:"funding"`
		Rows    []rowJSON `json:"by_order"`
	}{r.From.String(), r.To.String(), r.Orders, r.Left, r.Taking.json(), r.Resting.json(), []sumJSON{}, []sumJSON{}, []rowJSON{}}
	for _, m := range r.Money {
		out.Profit = append(out.Profit, sumJSON{m.Currency, exact(m.Real), exact(m.Paper)})
	}
	for _, f := range r.Funding {
		out.Funding = append(out.Funding, sumJSON{f.Asset, exact(f.Real), exact(f.Paper)})
	}
	for i := range r.Rows {
		out.Rows = append(out.Rows, r.Rows[i].json())
	}
	return json.Marshal(out)
}

func (g *Group) json() groupJSON {
	return groupJSON{g.Orders, g.Real.json(), g.Paper.json(), g.OnlyReal, g.OnlyPaper, g.Refused, figure(g.FillError), figure(g.PriceError), figure(g.PriceMiss)}
}

func (s *Side) json() sideJSON {
	return sideJSON{figure(s.Filled), figure(s.Maker), figure(s.FirstFill), figure(s.Answer), exact(s.Fees)}
}

func (x *Row) json() rowJSON {
	p, in := x.Pair, x.Instrument
	of := func(o *Outcome, price, fees, pnl decimal.Decimal) outcomeJSON {
		first := math.NaN()
		if o.First != 0 {
			first = float64(o.First-p.Sent) / 1e9
		}
		return outcomeJSON{o.Status.String(), o.Reason, exact(in.QtyDecimal(o.Filled)), exact(price), exact(fees), exact(pnl), figure(first)}
	}
	return rowJSON{p.Order.ClientID, p.Sent.String(), in.Key(), p.Order.Side.String(), p.Order.Type.String(), p.Order.TIF.String(), exact(in.QtyDecimal(p.Order.Qty)),
		figure(x.PriceError), of(&p.Real, x.RealPrice, x.RealFees, x.RealPnL), of(&p.Paper, x.PaperPrice, x.PaperFees, x.PaperPnL)}
}

package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/hyperliquid/api"
	"github.com/perilune/perilune/exchange/hyperliquid/client"
	"github.com/perilune/perilune/exchange/hyperliquid/signing"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
)

// Listed is an instrument, its number in orders, and how it stands.
type Listed struct {
	connect.Listing
	Asset int
	Stand connect.Standing
}

// What is assumed where the venue tells it only to whoever is signed in.
const AssumedFees = "fees of the lowest tier"

// Fees of the lowest tier. Source: the manual, userFees, feeSchedule: cross, add,
// spotCross, spotAdd.
var (
	perpTaker, perpMaker = decimal.New(45, -5), decimal.New(15, -5)
	spotTaker, spotMaker = decimal.New(7, -4), decimal.New(4, -4)
)

// The formula of funding. Source: the manual, "Funding": 0.01 % in 8 hours, 4 % an hour at
// most.
var (
	interestRate = decimal.New(1, -4)
	fundingCap   = decimal.New(4, -2)
	leastValue   = decimal.NewFromInt(10) // of an order, in the quote
)

// List asks what a segment lists, and what each was traded in a day.
func List(ctx context.Context, c *client.Client, v exchange.Venue, notice func(connect.Notice)) ([]Listed, error) {
	kind, read := "metaAndAssetCtxs", perps
	if v == api.Spot {
		kind, read = "spotMetaAndAssetCtxs", pairs
	}
	q := client.Question{Venue: v, What: "list instruments", Body: client.Ask(kind), Weight: client.Heavy, Priority: limit.Query}
	answer, err := c.Info(ctx, q)
	if err != nil {
		return nil, err
	}
	list, problems, err := read(answer)
	if err != nil {
		return nil, q.Fault(exchange.ErrUnavailable, fmt.Errorf("the answer makes no sense: %w", err))
	}
	for _, p := range problems {
		notice(connect.Notice{Instrument: exchange.NoInstrument, Text: p.Error()})
	}
	return list, nil
}

// halves takes [meta,[context,…]] apart.
func halves(answer []byte, meta any) (contexts []assetContext, err error) {
	var both []json.RawMessage
	if err := json.Unmarshal(answer, &both); err != nil {
		return nil, err
	}
	if len(both) != 2 {
		return nil, fmt.Errorf("%d parts, want the rules and the contexts", len(both))
	}
	if err := json.Unmarshal(both[0], meta); err != nil {
		return nil, err
	}
	return contexts, json.Unmarshal(both[1], &contexts)
}

type assetContext struct {
	Coin    string            `json:"coin"` // of spot
	Volume  jsonscan.Amount   `json:"dayNtlVlm"`
	Coins   jsonscan.Amount   `json:"dayBaseVlm"`
	Open    jsonscan.Amount   `json:"prevDayPx"`
	Mid     jsonscan.Amount   `json:"midPx"`
	Mark    jsonscan.Amount   `json:"markPx"`
	Oracle  jsonscan.Amount   `json:"oraclePx"`
	Funding jsonscan.Amount   `json:"funding"`
	Impact  []jsonscan.Amount `json:"impactPxs"`
}

// standing is how an instrument stands. Of the book the venue tells the prices of some
// thousand dollars here, which are a little worse than the best, and of pairs the middle alone.
func (a *assetContext) standing(in *exchange.Instrument) connect.Standing {
	s := connect.Standing{Instrument: in, Mark: exchange.E8FromDecimal(a.Mark.Decimal), Index: exchange.E8FromDecimal(a.Oracle.Decimal), Last: a.Mid.Decimal,
		Rate: exchange.E8FromDecimal(a.Funding.Decimal), Hours: in.FundingHours, Turnover: a.Volume.InexactFloat64()}
	s.Open, s.Volume, s.Quote = a.Open.Decimal, a.Coins.InexactFloat64(), a.Volume.InexactFloat64()
	if s.Last.IsZero() {
		s.Last = a.Mark.Decimal
	}
	if len(a.Impact) == 2 {
		s.Bid, s.Ask = a.Impact[0].Decimal, a.Impact[1].Decimal
	}
	if !exchange.IsDollar(in.Quote) && in.Quote != "USDH" {
		s.Turnover = 0 // in something else
	}
	return s
}

// rules gives an instrument its steps, which follow from the places of its quantities.
func rules(in *exchange.Instrument, places int) error {
	most := api.MostPlaces(in.Venue)
	if places < 0 || places > most {
		return fmt.Errorf("%s: szDecimals %d: want 0 to %d", in.Symbol, places, most)
	}
	if in.Symbol == "" || len(in.Symbol) > 64 || strings.ContainsAny(in.Symbol, "\"\\:,*?[] \n\r\t\x00") || in.Base == "" || in.Quote == "" {
		return fmt.Errorf("symbol %.40q of %.40q in %.40q: want names without blanks, colons and quotes", in.Symbol, in.Base, in.Quote)
	}
	in.Lot = exchange.Step{M: 1, Scale: uint8(places)}
	in.Tick = exchange.Step{M: 1, Scale: uint8(most - places)}
	in.Coarser = exchange.SignificantDigits(in.Tick, api.Digits)
	in.MinNotional, in.Linking, in.Wallet = leastValue, api.Linking, exchange.Wallet(in.Venue)
	in.Assumed = AssumedFees
	return nil
}

// perps reads metaAndAssetCtxs. Source: the manual, info endpoint, "Perpetuals".
func perps(answer []byte) (out []Listed, problems []error, err error) {
	var meta struct {
		Universe []struct {
			Name       string `json:"name"`
			Places     int    `json:"szDecimals"`
			Leverage   int    `json:"maxLeverage"`
			Table      int    `json:"marginTableId"`
			Delisted   bool   `json:"isDelisted"`
			Isolated   bool   `json:"onlyIsolated"`
			MarginMode string `json:"marginMode"`
		} `json:"universe"`
		Tables []table `json:"marginTables"`
	}
	contexts, err := halves(answer, &meta)
	if err != nil {
		return nil, nil, err
	}
	if len(contexts) != len(meta.Universe) {
		return nil, nil, fmt.Errorf("%d contexts of %d perpetuals", len(contexts), len(meta.Universe))
	}
	for i, row := range meta.Universe {
		in := exchange.Instrument{Venue: api.Perp, Symbol: row.Name, Contract: exchange.Linear, Quote: api.USDC, MakerFee: perpMaker, TakerFee: perpTaker,
			FundingHours: 1, FundingCap: fundingCap, FundingFloor: fundingCap.Neg(), InterestRate: interestRate}
		in.Base, in.Multiplier = unbundle(row.Name)
		tiers := []tier{{Leverage: row.Leverage}}
		for _, t := range meta.Tables {
			if t.id == row.Table && row.Table != 0 {
				tiers = t.tiers
			}
		}
		err := rules(&in, row.Places)
		if err == nil {
			in.Brackets, err = brackets(tiers)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("perpetual %d, %.40q: %w", i, row.Name, err))
			continue
		}
		l := Listed{Listing: connect.Listing{Instrument: &in, Trading: !row.Delisted, Status: "trading"}, Asset: i, Stand: contexts[i].standing(&in)}
		switch {
		case row.Delisted:
			l.Status = "delisted"
		case row.Isolated || row.MarginMode != "":
			l.Trading, l.Status = false, "isolated margin alone, which is not traded here"
		}
		out = append(out, l)
	}
	return out, problems, nil
}

// unbundle splits kPEPE into the coin and how many of it one unit stands for: the venue
// writes thousands with a k.
func unbundle(name string) (coin string, multiplier int64) {
	if rest, ok := strings.CutPrefix(name, "k"); ok && rest != "" && rest == strings.ToUpper(rest) {
		return rest, 1000
	}
	return name, 1
}

// table is [id,{"marginTiers":[…]}].
type table struct {
	id    int
	tiers []tier
}

type tier struct {
	From     jsonscan.Amount `json:"lowerBound"`
	Leverage int             `json:"maxLeverage"`
}

func (t *table) UnmarshalJSON(b []byte) error {
	var body struct {
		Tiers []tier `json:"marginTiers"`
	}
	both := []any{&t.id, &body}
	if err := json.Unmarshal(b, &both); err != nil {
		return err
	}
	t.tiers = body.Tiers
	return nil
}

// brackets turns tiers by where they begin into steps by where they end. The maintenance
// margin is half of the initial one at the most leverage, and grows steadily over the
// bounds. Source: the manual, "Margin tiers" and "Margining".
func brackets(tiers []tier) (out []exchange.Bracket, err error) {
	cum := decimal.Zero
	before := decimal.Zero
	for i, t := range tiers {
		if t.Leverage < 1 || t.Leverage > 1000 {
			return nil, fmt.Errorf("leverage of %d: want 1 to 1000", t.Leverage)
		}
		b := exchange.Bracket{MMR: decimal.NewFromInt(1).DivRound(decimal.NewFromInt(int64(2*t.Leverage)), 16), MaxLeverage: t.Leverage, Cap: decimal.New(1, 15)}
		if i+1 < len(tiers) {
			b.Cap = tiers[i+1].From.Decimal
		}
		cum = cum.Add(t.From.Mul(b.MMR.Sub(before)))
		b.Cum, before = cum, b.MMR
		if i == 0 {
			cum, b.Cum = decimal.Zero, decimal.Zero
		}
		out = append(out, b)
	}
	if len(out) == 0 {
		return nil, errors.New("a margin table without tiers")
	}
	return out, nil
}

// pairs reads spotMetaAndAssetCtxs. Source: the manual, info endpoint, "Spot". A pair is
// called @107, and PURR/USDC alone by its tokens; what people call it is Alias.
func pairs(answer []byte) (out []Listed, problems []error, err error) {
	var meta struct {
		Tokens []struct {
			Name   string `json:"name"`
			Places int    `json:"szDecimals"`
			Index  int    `json:"index"`
		} `json:"tokens"`
		Universe []struct {
			Name   string `json:"name"`
			Tokens []int  `json:"tokens"`
			Index  int    `json:"index"`
		} `json:"universe"`
	}
	contexts, err := halves(answer, &meta)
	if err != nil {
		return nil, nil, err
	}
	tokens := map[int]int{} // places in meta.Tokens by index
	for i, t := range meta.Tokens {
		tokens[t.Index] = i
	}
	of := map[string]*assetContext{} // they are more than the pairs, and name them
	for i := range contexts {
		of[contexts[i].Coin] = &contexts[i]
	}
	for i, row := range meta.Universe {
		base, quote := -1, -1
		if len(row.Tokens) == 2 {
			if at, ok := tokens[row.Tokens[0]]; ok {
				base = at
			}
			if at, ok := tokens[row.Tokens[1]]; ok {
				quote = at
			}
		}
		if base < 0 || quote < 0 {
			problems = append(problems, fmt.Errorf("pair %d, %.40q: tokens %v are not among those that are listed", i, row.Name, row.Tokens))
			continue
		}
		in := exchange.Instrument{Venue: api.Spot, Symbol: row.Name, Contract: exchange.Spot, Base: meta.Tokens[base].Name, Quote: meta.Tokens[quote].Name,
			Multiplier: 1, MakerFee: spotMaker, TakerFee: spotTaker}
		if err := rules(&in, meta.Tokens[base].Places); err != nil {
			problems = append(problems, fmt.Errorf("pair %d: %w", i, err))
			continue
		}
		l := Listed{Listing: connect.Listing{Instrument: &in, Trading: true, Status: "trading"}, Asset: api.SpotAsset + row.Index}
		c := of[row.Name]
		if c == nil && i < len(contexts) && contexts[i].Coin == "" {
			c = &contexts[i]
		}
		if c != nil {
			l.Stand = c.standing(&in)
		}
		out = append(out, l)
	}
	return out, problems, nil
}

// Alias turns the name that people have for a pair in a pattern (spot:HYPE/USDC,
// spot:HYPE-USDC) into the venue's (spot:@107).
func Alias(list []Listed, pattern string) string {
	rest, ok := strings.CutPrefix(exchange.Within(pattern, api.House), "spot:")
	if !ok || strings.HasPrefix(rest, "@") {
		return pattern
	}
	base, quote, ok := strings.Cut(strings.Replace(rest, "-", "/", 1), "/")
	for i := range list {
		if in := list[i].Instrument; ok && in.Venue == api.Spot && strings.EqualFold(in.Base, base) && strings.EqualFold(in.Quote, quote) {
			return "spot:" + in.Symbol
		}
	}
	return pattern
}

func field(name string, v signing.Value) signing.Field { return signing.Field{Name: name, Value: v} }

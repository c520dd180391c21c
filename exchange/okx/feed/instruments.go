package feed

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/okx/api"
)

// trading is the state at which orders are taken; others are suspend, preopen, post_only,
// rebase, settling, expired and test.
const trading = "live"

// row is an instrument as the venue writes it. Source: the manual, "Get instruments".
type row struct {
	Type     api.Type        `json:"instType"`
	Symbol   string          `json:"instId"`
	State    string          `json:"state"`
	Rule     string          `json:"ruleType"` // normal, pre_market, xperp
	Base     string          `json:"baseCcy"`  // of spot
	Quote    string          `json:"quoteCcy"`
	Settle   string          `json:"settleCcy"` // of contracts
	Pair     string          `json:"uly"`
	Family   string          `json:"instFamily"`
	CtType   string          `json:"ctType"`
	CtVal    jsonscan.Amount `json:"ctVal"`
	CtMult   jsonscan.Amount `json:"ctMult"`
	CtCcy    string          `json:"ctValCcy"`
	Tick     jsonscan.Amount `json:"tickSz"`
	Lot      jsonscan.Amount `json:"lotSz"`
	MinSize  jsonscan.Amount `json:"minSz"`
	MaxLimit jsonscan.Amount `json:"maxLmtSz"`
	Expiry   jsonscan.Amount `json:"expTime"`
}

// What is assumed where the venue tells it to nobody, or only to whoever is signed in.
const (
	assumedFees     = "fees of Lv1"
	assumedBrackets = "margin brackets"
	assumedFunding  = "funding every 8 h, without bounds"
)

// Fees of an account without a level, secondary: the page of fees, 2026.
var (
	spotMaker   = decimal.New(8, -4)
	spotTaker   = decimal.New(1, -3)
	makerFee    = decimal.New(2, -4)
	takerFee    = decimal.New(5, -4)
	usualRate   = decimal.New(1, -4) // the formula's I for 8 hours
	defaultEach = 8
)

// Listed understands a row of the listing, or of the channel of instruments. The error says
// why it can't be used.
func Listed(raw []byte) (connect.Listing, error) {
	var r row
	if err := json.Unmarshal(raw, &r); err != nil {
		return connect.Listing{}, fmt.Errorf("%.40q: %w", r.Symbol, err)
	}
	return r.listing()
}

func (r *row) listing() (connect.Listing, error) {
	in := &exchange.Instrument{Venue: r.Type.Venue(), Symbol: r.Symbol, Base: r.Base, Quote: r.Quote, Wallet: api.Trading, Linking: api.Linking,
		Multiplier: 1, ContractSize: decimal.NewFromInt(1), MakerFee: spotMaker, TakerFee: spotTaker, Assumed: assumedFees}
	l := connect.Listing{Instrument: in, Status: r.State, Trading: r.State == trading}
	if r.Rule != "" && r.Rule != "normal" {
		l.Status, l.Trading = r.State+" ("+r.Rule+")", false
	}
	if r.Type != api.Spot {
		in.Base, in.Quote, _ = strings.Cut(r.Pair, "-")
	}
	for _, name := range []string{r.Symbol, in.Base, in.Quote} {
		if name == "" || len(name) > 64 || !utf8.ValidString(name) || strings.ContainsAny(name, "\"\\:@/,\x00 \n\r\t") {
			return l, fmt.Errorf("symbol %.40q of %.40q in %.40q: want names of 1 to 64 printable bytes", r.Symbol, in.Base, in.Quote)
		}
	}
	if !r.Type.Known() {
		return l, fmt.Errorf("%s is of type %q: want SPOT, SWAP or FUTURES", r.Symbol, r.Type)
	}
	if r.Type != api.Spot {
		if err := r.contract(&l); err != nil {
			return l, err
		}
	}
	lot := r.Lot
	if in.Contract == exchange.Linear {
		lot.Decimal = r.Lot.Mul(in.ContractSize)
	}
	in.Tick, in.Lot = r.Tick.Step(), lot.Step()
	if in.Tick.M == 0 || in.Lot.M == 0 || r.Lot.Step().M == 0 {
		return l, fmt.Errorf("%s: tickSz %s, lotSz %s of %s: want all above zero, with at most 18 places", r.Symbol, r.Tick, r.Lot, in.ContractSize)
	}
	in.MinQty, in.MaxQty = r.MinSize.Lots(r.Lot.Step(), true), r.MaxLimit.Lots(r.Lot.Step(), false)
	return l, nil
}

// contract adds what only contracts have. The size of a linear one is in coins, that of an
// inverse one in USD; a quantity of the former is in coins here.
func (r *row) contract(l *connect.Listing) error {
	in := l.Instrument
	in.ContractSize = r.CtVal.Mul(decimal.Max(r.CtMult.Decimal, decimal.NewFromInt(1)))
	in.MakerFee, in.TakerFee = makerFee, takerFee
	in.Assumed += ", " + assumedBrackets
	switch {
	case !in.ContractSize.IsPositive():
		return fmt.Errorf("%s: ctVal %s: want what a contract is worth, above 0", r.Symbol, r.CtVal)
	case r.CtType == "linear" && r.Settle == in.Quote && r.CtCcy == in.Base:
		in.Contract = exchange.Linear
	case r.CtType == "inverse" && r.Settle == in.Base && exchange.IsDollar(in.Quote):
		in.Contract = exchange.Inverse
	default:
		return fmt.Errorf("%s: a %s contract of %s, quoted in %s and settled in %s: want a linear one of its coin that is settled in its quote, or an inverse one that is settled in its coin", r.Symbol, r.CtType, r.CtCcy, in.Quote, r.Settle)
	}
	if r.Type == api.Futures {
		if r.Rule == "xperp" {
			return fmt.Errorf("%s pays funding and expires: that is neither a perpetual nor a future here", r.Symbol)
		}
		if in.Delivery = exchange.UnixMilli(r.Expiry.IntPart()); in.Delivery <= 0 {
			return fmt.Errorf("%s: a future without its expTime", r.Symbol)
		}
		l.Ends = in.Delivery
		return nil
	}
	if end := r.Expiry.IntPart(); end > 0 { // a delisting that was announced
		l.Ends = exchange.UnixMilli(end)
	}
	in.FundingHours, in.InterestRate = defaultEach, usualRate
	in.Assumed += ", " + assumedFunding
	return nil
}

// fundingFrom puts what a row of funding-rate tells into a perpetual.
func fundingFrom(in *exchange.Instrument, raw []byte) error {
	var r struct {
		Symbol string          `json:"instId"`
		Next   jsonscan.Amount `json:"fundingTime"`
		After  jsonscan.Amount `json:"nextFundingTime"`
		Most   jsonscan.Amount `json:"maxFundingRate"`
		Least  jsonscan.Amount `json:"minFundingRate"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	hours := r.After.Sub(r.Next.Decimal).Div(decimal.NewFromInt(int64(exchange.Hour / exchange.Millisecond))).IntPart()
	if hours < 1 || hours > 24 {
		return nil // a rate that is paid next is not known: what was assumed stays
	}
	in.FundingHours = int(hours)
	in.Assumed = strings.Replace(in.Assumed, ", "+assumedFunding, "", 1)
	if r.Most.GreaterThan(r.Least.Decimal) {
		in.FundingCap, in.FundingFloor = r.Most.Decimal, r.Least.Decimal
	} else {
		in.Assumed += ", bounds of funding"
	}
	return nil
}

// tier is a row of position-tiers: sizes in contracts, and the margin of the whole
// position. Source: the manual, "Get position tiers".
type tier struct {
	Family   string          `json:"instFamily"`
	Pair     string          `json:"uly"`
	Most     jsonscan.Amount `json:"maxSz"`
	MMR      jsonscan.Amount `json:"mmr"`
	Leverage jsonscan.Amount `json:"maxLever"`
}

// brackets puts tiers into an instrument. Theirs are in contracts, and ours in money: they
// are turned at a price, that of now.
func brackets(in *exchange.Instrument, tiers []tier, price decimal.Decimal) {
	var list []exchange.Bracket
	for _, t := range tiers {
		if !t.Most.IsPositive() || !t.MMR.IsPositive() || !t.MMR.LessThan(decimal.NewFromInt(1)) || !price.IsPositive() {
			continue
		}
		most := t.Most.Mul(in.ContractSize)
		if in.Inverse() {
			most = most.DivRound(price, 8)
		} else {
			most = most.Mul(price)
		}
		list = append(list, exchange.Bracket{Cap: most, MMR: t.MMR.Decimal, MaxLeverage: int(t.Leverage.IntPart())})
	}
	if len(list) == 0 {
		return
	}
	in.Brackets = list
	in.Assumed = strings.Replace(in.Assumed, ", "+assumedBrackets, ", margin brackets at today's price", 1)
}

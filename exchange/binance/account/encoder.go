package account

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/signing"
	"github.com/perilune/perilune/exchange/sign"
)

// form takes the parameters of a request, for REST or for the WebSocket API.
type form interface {
	Text(name, value string)
	Int(name string, value int64)
	Steps(name string, n int64, step exchange.Step)
}

// encoder builds and signs one request at a time: a signer may serve one goroutine
// only, and the memory is worth keeping.
type encoder struct {
	signer sign.Signer
	query  signing.Query
	params signing.Params
}

// keyOf says which key signs.
type keyOf uint8

const (
	mainKey    keyOf = iota // of spot and the wallet, and of futures where they have none of their own
	futuresKey              // of USD-M and COIN-M
)

// keyOfMarket is the key that signs what is asked of a market.
func keyOfMarket(m api.Market) keyOf {
	if m == api.Spot {
		return mainKey
	}
	return futuresKey
}

// key returns one of the keys.
func (o *Options) key(k keyOf) *sign.Key {
	if k == futuresKey {
		return &o.Futures
	}
	return &o.Key
}

// separate reports that futures have a key of their own.
func (o *Options) separate() bool { return o.Futures.API.Reveal() != o.Key.API.Reveal() }

func (c *transport) encoder(k keyOf) (*encoder, error) {
	if p, ok := c.encoders[k].Get().(*encoder); ok {
		return p, nil
	}
	s, err := c.o.key(k).Signer()
	if err != nil {
		return nil, err
	}
	return &encoder{signer: s}, nil
}

// amount adds a price or quantity as exact decimal text.
func amount(f form, name string, d decimal.Decimal) {
	if places := -d.Exponent(); places >= 0 && places <= 18 {
		if n := d.Coefficient(); n.IsInt64() {
			f.Steps(name, n.Int64(), exchange.Step{M: 1, Scale: uint8(places)})
			return
		}
	}
	f.Text(name, d.String())
}

// positive adds an amount that an order may do without.
func positive(f form, name string, d decimal.Decimal) {
	if d.IsPositive() {
		amount(f, name, d)
	}
}

// optional adds text that an order may do without.
func optional(f form, name, value string) {
	if value != "" {
		f.Text(name, value)
	}
}

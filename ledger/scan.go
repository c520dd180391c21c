package ledger

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
)

// word scans a column that holds the String of a T.
type word[T any] struct {
	dst   *T
	parse func(string) (T, error)
}

// Scan implements sql.Scanner.
func (w word[T]) Scan(v any) (err error) {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("%T %v where a word was expected: %w", v, v, ErrCorrupt)
	}
	*w.dst, err = w.parse(text)
	return err
}

func scanContract(c *exchange.Contract) word[exchange.Contract] {
	return word[exchange.Contract]{c, exchange.ParseContract}
}

func scanSide(s *exchange.Side) word[exchange.Side] {
	return oneOf(s, exchange.Buy, exchange.Sell)
}

func scanType(t *exchange.OrderType) word[exchange.OrderType] {
	return oneOf(t, exchange.Limit, exchange.MarketOrder)
}

func scanTIF(t *exchange.TimeInForce) word[exchange.TimeInForce] {
	return oneOf(t, exchange.GTC, exchange.IOC, exchange.FOK, exchange.PostOnly)
}

func scanStatus(s *exchange.OrderStatus) word[exchange.OrderStatus] {
	return oneOf(s, exchange.StatusNew, exchange.StatusAccepted, exchange.StatusPartial, exchange.StatusUnknown,
		exchange.StatusFilled, exchange.StatusCanceled, exchange.StatusExpired, exchange.StatusRejected, exchange.StatusDenied)
}

// oneOf scans the String of one of the values, or of the zero value.
func oneOf[T fmt.Stringer](dst *T, values ...T) word[T] {
	return word[T]{dst, func(text string) (zero T, err error) {
		for _, v := range values {
			if v.String() == text {
				return v, nil
			}
		}
		if zero.String() == text {
			return zero, nil
		}
		return zero, fmt.Errorf("%q is none of %v: %w", text, values, ErrCorrupt)
	}}
}

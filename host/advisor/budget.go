package advisor

import (
	"fmt"
	"sync"
	"time"

	"github.com/shopspring/decimal"
)

// budget is what may still be spent today. A request is booked at its worst case
// before it is sent, and corrected after: two questions at once can't overrun it.
type budget struct {
	mu       sync.Mutex
	cfg      *Config
	now      func() time.Time
	day      string
	calls    int
	cost     decimal.Decimal
	per1000  decimal.Decimal
	disabled string // why nothing is asked any more; "": it is
}

func newBudget(cfg *Config, now func() time.Time) *budget {
	return &budget{cfg: cfg, now: now, day: dayOf(now()), per1000: decimal.New(1, -3)}
}

func dayOf(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// price is what so many tokens cost.
func (b *budget) price(in, out int) decimal.Decimal {
	sum := b.cfg.PriceIn.Mul(decimal.NewFromInt(int64(in))).Add(b.cfg.PriceOut.Mul(decimal.NewFromInt(int64(out))))
	return sum.Mul(b.per1000)
}

// worst is what a request of so many bytes costs at most: hardly a tokenizer
// makes less than two bytes of plain JSON a token.
func (b *budget) worst(bytes int) (in, out int) { return bytes / 2, b.cfg.MaxTokens }

// take books the worst case of a request, or says why it may not be sent.
func (b *budget) take(worst decimal.Decimal) (release func(actual decimal.Decimal), err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if today := dayOf(b.now()); today != b.day {
		b.day, b.calls, b.cost = today, 0, decimal.Zero
	}
	if b.calls >= b.cfg.MaxCalls {
		return nil, fmt.Errorf("the budget of %d calls a day is used up", b.cfg.MaxCalls)
	}
	if max := b.cfg.MaxCost; max.IsPositive() && b.cost.Add(worst).GreaterThan(max) {
		return nil, fmt.Errorf("the budget of %s a day is used up: %s is spent, and this question may cost %s", max, b.cost, worst)
	}
	b.calls++
	b.cost = b.cost.Add(worst)
	day := b.day
	return func(actual decimal.Decimal) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.day == day {
			b.cost = b.cost.Sub(worst).Add(actual)
		}
	}, nil
}

// spent adds what earlier runs of the day spent.
func (b *budget) spent(calls int, cost decimal.Decimal) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls += calls
	b.cost = b.cost.Add(cost)
}

func (b *budget) disable(why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.disabled = why
}

func (b *budget) off() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.disabled
}

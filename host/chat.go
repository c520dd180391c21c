package host

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/notify"
)

// chat is a session as chats may ask and steer it.
type chat struct{ s *Session }

var _ notify.Steerer = chat{}

func (c chat) Status(ctx context.Context) (string, error) {
	x, err := c.s.Snapshot(ctx)
	if err != nil {
		return "", err
	}
	lines := []string{fmt.Sprintf("%s session %s, %s", c.mode(), c.s.r.record.session, x.Time), c.worth(x)}
	if x.Halted != "" {
		lines = append(lines, "HALTED: "+x.Halted)
	}
	for _, st := range x.Strategies {
		text := st.Name + ": runs"
		if st.Paused != "" {
			text = st.Name + ": PAUSED: " + st.Paused
		} else if st.Halted != "" {
			text = st.Name + ": HALTED: " + st.Halted
		} else if st.Asleep != "" {
			text = st.Name + ": asleep: " + st.Asleep
		}
		lines = append(lines, text)
	}
	lines = append(lines, fmt.Sprintf("%d positions, %d open pairs, %d working orders, %d fills", len(x.Positions), len(x.Pairs), len(x.Orders), x.Fills))
	for _, list := range [][]string{x.Held, x.Late} {
		lines = append(lines, list...)
	}
	return shortened(lines), nil
}

func (c chat) mode() string { return strings.ToUpper(c.s.r.mode()) }

func (c chat) worth(x *Snapshot) string {
	if x.Unvalued != "" {
		return "equity is not known: " + x.Unvalued + " has no price"
	}
	return fmt.Sprintf("equity %s %s", x.Equity.StringFixed(2), c.s.r.core.Currency())
}

func (c chat) Positions(ctx context.Context) (string, error) {
	x, err := c.s.Snapshot(ctx)
	if err != nil {
		return "", err
	}
	var lines []string
	for i := range x.Positions {
		p := &x.Positions[i]
		lines = append(lines, fmt.Sprintf("%s %s at %s", p.Instrument.Key(), p.Qty, p.Entry.Round(8)))
	}
	if len(lines) == 0 {
		return "no positions", nil
	}
	return shortened(lines), nil
}

func (c chat) PnL(ctx context.Context) (string, error) {
	x, err := c.s.Snapshot(ctx)
	if err != nil {
		return "", err
	}
	return shortened([]string{c.worth(x), fmt.Sprintf("of this session: funding %s, fees %s, %d fills", signed(x.Funding), x.Fees.StringFixed(2), x.Fills)}), nil
}

func (c chat) Halt(ctx context.Context, by, reason string) error {
	return c.s.instruct(ctx, core.CommandLatch, core.Instruction{By: by, Reason: reason})
}

func (c chat) Resume(ctx context.Context, by string) error {
	return c.s.instruct(ctx, core.CommandUnlatch, core.Instruction{By: by})
}

// shortened is what fits into a message of a chat.
func shortened(lines []string) string {
	const most = 30
	if n := len(lines) - most; n > 0 {
		lines = append(lines[:most:most], fmt.Sprintf("and %d more", n))
	}
	for i, l := range lines {
		lines[i] = notify.OneLine(l)
	}
	return strings.Join(lines, "\n")
}

// ailing says why a session that runs is not well; "": it is.
func (s *supervisor) ailing() string {
	if s.phase.Load() != nil {
		return "" // it begins or ends, within bounds of its own
	}
	if still := time.Duration(time.Now().UnixNano() - s.beats.Load()); s.beats.Load() != 0 && still > max(ailingAfter, 4*s.statusEvery) {
		return fmt.Sprintf("the loop has shown nothing for %s", still.Round(time.Second))
	}
	return ""
}

// ailingAfter is how long a loop that shows nothing passes for well.
const ailingAfter = 10 * time.Second

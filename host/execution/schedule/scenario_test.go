package schedule

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata")

// TestScenarios plays the files of testdata and compares what the machine does with
// what their answers say. See testdata/README.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := perform(t, string(want))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(want) {
				t.Errorf("%s: it does\n%s", file, got)
			}
		})
	}
}

type player struct {
	*desk
	began exchange.Time
	out   strings.Builder
	told  map[exchange.OrderID]string // how an order was last shown
}

func perform(t *testing.T, text string) string {
	d := newDesk(t, "spot:ABCUSDT")
	p := &player{desk: d, began: d.now, told: map[exchange.OrderID]string{}}
	for _, line := range strings.SplitAfter(text, "\n") {
		if strings.HasPrefix(line, "=>") {
			continue
		}
		p.out.WriteString(line)
		if w := strings.Fields(line); len(w) > 0 && !strings.HasPrefix(line, "#") {
			p.command(w)
			p.orders()
		}
	}
	return p.out.String()
}

func (p *player) say(format string, a ...any) {
	fmt.Fprintf(&p.out, "=> %s %s\n", time.Duration(p.now-p.began), fmt.Sprintf(format, a...))
}

// orders tells what is new about the machine's orders.
func (p *player) orders() {
	for _, o := range p.desk.orders {
		text := fmt.Sprintf("send %d: %s %s at %s, %s", o.ID, o.Side, p.in.QtyDecimal(o.Qty), p.in.PriceDecimal(o.Price),
			map[bool]string{true: "resting", false: "taking"}[o.TIF == exchange.PostOnly])
		if o.Canceled {
			text = fmt.Sprintf("cancel %d", o.ID)
		}
		if p.told[o.ID] != text && !o.Status.Terminal() {
			p.told[o.ID] = text
			p.say("%s", text)
		}
	}
}

func (p *player) qty(s string) exchange.Lots {
	n, ok := p.in.Lot.Exact(dec(s))
	if !ok {
		p.t.Fatalf("%s: want whole lots of %s", s, p.in.QtyDecimal(1))
	}
	return exchange.Lots(n)
}

func (p *player) order(s string) *exchange.Order {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > len(p.desk.orders) {
		p.t.Fatalf("there is no order %s", s)
	}
	return p.desk.orders[n-1]
}

func (p *player) command(w []string) {
	switch w[0] {
	case "start":
		p.begin(w)
	case "trade":
		p.trade(p.qty(w[1]))
	case "depth":
		p.show(p.qty(w[1]))
	case "mid":
		p.mid = exchange.Ticks(dec(w[1]).IntPart())
		p.show(100000)
	case "wait":
		p.wait(p.span(w[1]))
	case "fill":
		o, qty := p.order(w[1]), p.qty(w[2])
		if qty > o.Leaves() {
			p.t.Fatalf("order %d has %s left", o.ID, p.in.QtyDecimal(o.Leaves()))
		}
		p.fill(o, qty)
	case "reject":
		p.finish(p.order(w[1]), exchange.StatusRejected)
	case "canceled":
		p.finish(p.order(w[1]), exchange.StatusCanceled)
	case "expire":
		p.finish(p.order(w[1]), exchange.StatusExpired)
	case "restart":
		p.restart(len(w) > 1)
	case "tell":
		s := &p.m.Schedule
		p.say("%s: %s of %s filled, %s due, %d refused", s.State, p.in.QtyDecimal(s.Filled), p.in.QtyDecimal(s.Total), p.in.QtyDecimal(s.Due), s.Refused)
	default:
		p.t.Fatalf("%s?", w[0])
	}
}

func (p *player) begin(w []string) {
	algo := map[string]intent.Algo{"vwap": intent.VWAP, "twap": intent.TWAP, "pov": intent.POV}[w[1]]
	r := intent.ScheduleRequest{Algo: algo, Qty: p.qty(w[2]), Duration: p.span(w[3]), Participation: 1, Static: len(w) > 4}
	r.Interval = exchange.Minute
	if err := p.start(r); err != nil {
		p.say("refused: %v", err)
	}
}

func (p *player) span(s string) exchange.Time {
	d, err := time.ParseDuration(s)
	if err != nil {
		p.t.Fatal(err)
	}
	return exchange.Time(d)
}

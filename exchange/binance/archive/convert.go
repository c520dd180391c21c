package archive

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
)

// converter turns the rows of one kind of file into lines of another.
type converter struct {
	path   string   // of the file to write, below the directory of the import
	header string   // its first line; "" has none
	fields []string // names of the columns that are used, in the archive's order; "" is passed over
	time   int      // which of them is the time
	id     int      // which of them numbers the rows; -1: there is one row for each time
	step   exchange.Time
	every  int // which field is the hours to the next row, when step is 0; 0: none
	valid  func(f [][]byte) error
	write  func(dst []byte, at exchange.Time, f [][]byte) []byte

	width int // fields of the file's first line
	row   [][]byte
	buf   []byte
}

// converterFor returns the converter of an item's series. The error says why
// there is none.
func converterFor(it Item) (*converter, error) {
	if delivered := strings.Contains(it.Symbol, "_"); delivered && it.Market == api.USDM && it.Kind != Trades && it.Kind != AggTrades && it.Kind != BookTickers {
		return nil, fmt.Errorf("%s of delivery contracts can't be imported: a history holds spot and perpetuals", it.Kind)
	}
	switch it.Kind {
	case Klines, MarkKlines, PremiumKlines:
		if it.Market == api.COINM && it.Kind != PremiumKlines {
			return nil, fmt.Errorf("bars of COIN-M can't be imported: a history holds spot and USD-M")
		}
		return barConverter(it), nil
	case FundingRates:
		if it.Market == api.USDM {
			return fundingConverter(it), nil
		}
	case Trades, AggTrades, BookTickers:
		return frameConverter(it), nil
	}
	return nil, fmt.Errorf("%s of %s can't be imported: what can is %v", it.Kind, it.Market, Kinds)
}

func barConverter(it Item) *converter {
	folder := map[Kind]string{MarkKlines: "mark", PremiumKlines: "premium"}[it.Kind]
	if it.Kind == Klines {
		folder = map[api.Market]string{api.Spot: "spot", api.USDM: "perp"}[it.Market]
	}
	c := &converter{path: filepath.Join(folder+"_"+it.Interval, it.Symbol+".csv.gz"), header: "open_time,open,high,low,close,volume\n",
		fields: []string{"open_time", "open", "high", "low", "close", "volume"}, id: -1, step: length(it.Interval), write: copyRow}
	if it.Kind == Klines { // what the others count of trades is no trades
		c.header = "open_time,open,high,low,close,volume,quote_volume,count,taker_buy_volume\n"
		c.fields = append(c.fields, "", "quote_volume", "count", "taker_buy_volume")
		c.write = func(dst []byte, at exchange.Time, f [][]byte) []byte {
			return copyRow(dst, at, append(f[:6:6], f[7:]...))
		}
	}
	c.valid = func(f [][]byte) error { return checkBar(f, it.Kind != PremiumKlines) }
	return c
}

func fundingConverter(it Item) *converter {
	return &converter{path: filepath.Join("funding", it.Symbol+".csv.gz"), header: "time,interval_hours,funding_rate\n",
		fields: []string{"calc_time", "funding_interval_hours", "last_funding_rate"}, id: -1, every: 1, valid: checkFunding, write: copyRow}
}

// copyRow keeps the venue's digits and sets the time in milliseconds.
func copyRow(dst []byte, at exchange.Time, f [][]byte) []byte {
	dst = strconv.AppendInt(dst, int64(at/exchange.Millisecond), 10)
	for _, v := range f[1:] {
		dst = append(append(dst, ','), v...)
	}
	return append(dst, '\n')
}

// frameConverter writes rows as the frames that the venue's streams had sent for
// them. A process can act on a frame no earlier than it happened; how much later it
// came nobody knows, so it counts as received at once.
func frameConverter(it Item) *converter {
	c := &converter{path: filepath.Join("raw", fmt.Sprintf("%s-%s.jsonl.gz", it.Market, it.Symbol))}
	symbol := strconv.Quote(it.Symbol)
	// What tells the markets apart: spot's trades carry M, and futures say which.
	mark := map[api.Market]string{api.Spot: `,"M":true}`, api.USDM: `,"st":1}`, api.COINM: `,"st":2}`}[it.Market]
	switch it.Kind {
	case Trades:
		c.fields = []string{"id", "price", "qty", "", "time", "is_buyer_maker"}
		c.time, c.valid = 4, checkTrade
		c.write = func(dst []byte, at exchange.Time, f [][]byte) []byte {
			return frame(dst, at, `{"e":"trade","E":%T,"T":%T,"s":`+symbol+`,"t":%0,"p":"%1","q":"%2","m":%5`+mark, f)
		}
	case AggTrades:
		c.fields = []string{"agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id", "transact_time", "is_buyer_maker"}
		c.time, c.valid = 5, checkTrade
		c.write = func(dst []byte, at exchange.Time, f [][]byte) []byte {
			return frame(dst, at, `{"e":"aggTrade","E":%T,"a":%0,"s":`+symbol+`,"p":"%1","q":"%2","f":%3,"l":%4,"T":%T,"m":%6`+mark, f)
		}
	case BookTickers:
		c.fields = []string{"update_id", "best_bid_price", "best_bid_qty", "best_ask_price", "best_ask_qty", "transaction_time", "event_time"}
		c.time, c.valid = 6, checkTicker
		c.write = func(dst []byte, at exchange.Time, f [][]byte) []byte {
			return frame(dst, at, `{"e":"bookTicker","u":%0,"s":`+symbol+`,"b":"%1","B":"%2","a":"%3","A":"%4","T":%5,"E":%6`+mark, f)
		}
	}
	return c
}

// frame fills a template: %T is the time in milliseconds, %n is field n.
func frame(dst []byte, at exchange.Time, template string, f [][]byte) []byte {
	dst = strconv.AppendInt(dst, int64(at), 10)
	dst = append(dst, ' ')
	for i := 0; i < len(template); i++ {
		if template[i] != '%' {
			dst = append(dst, template[i])
			continue
		}
		i++
		if template[i] == 'T' {
			dst = strconv.AppendInt(dst, int64(at/exchange.Millisecond), 10)
			continue
		}
		dst = append(dst, f[template[i]-'0']...)
	}
	return append(dst, '\n')
}

// head takes a file's first line: ok is false when it is a row already.
func (c *converter) head(line []byte) (ok bool, err error) {
	c.width = bytes.Count(line, []byte{','}) + 1
	if line[0] >= '0' && line[0] <= '9' {
		return false, nil
	}
	names := bytes.Split(line, []byte(","))
	for i, want := range c.fields {
		switch {
		case want == "":
		case i >= len(names):
			return true, fmt.Errorf("the header has %d columns: want %v", len(names), c.fields)
		case !sameColumn(want, string(bytes.TrimSpace(names[i]))):
			return true, fmt.Errorf("column %d is %q: want %q", i+1, names[i], want)
		}
	}
	return true, nil
}

// sameColumn knows the two ways in which the archive has named trades' columns.
func sameColumn(want, got string) bool {
	switch want {
	case "quantity":
		return got == want || got == "qty"
	case "transact_time":
		return got == want || got == "time"
	}
	return got == want
}

// convert turns a line into a row, whose text is good until the next call. The
// error says what is wrong with the line.
func (c *converter) convert(line []byte) (r row, err error) {
	if err := c.split(line); err != nil {
		return r, err
	}
	if r.at, err = c.check(); err != nil {
		return r, err
	}
	if c.step > 0 && c.step <= exchange.Day && r.at%c.step != 0 {
		return r, fmt.Errorf("the bar begins at %s: want a multiple of its length, %s", r.at, time.Duration(c.step))
	}
	switch {
	case c.id >= 0:
		r.id, _ = strconv.ParseInt(string(c.row[c.id]), 10, 64) // check has read it
	case c.every > 0: // the venue stamps a settlement some milliseconds late
		r.id = int64((r.at + exchange.Minute/2) / exchange.Minute)
	default:
		r.id = int64(r.at)
	}
	r.step = c.step
	if c.every > 0 {
		hours, _ := strconv.Atoi(string(c.row[c.every])) // check has read it
		r.step = exchange.Time(hours) * exchange.Hour
	}
	c.buf = c.write(c.buf[:0], r.at, c.row)
	r.line = c.buf
	return r, nil
}

func (c *converter) split(line []byte) error {
	c.row = c.row[:0]
	for {
		i := bytes.IndexByte(line, ',')
		if i < 0 {
			c.row = append(c.row, line)
			break
		}
		c.row, line = append(c.row, line[:i]), line[i+1:]
	}
	switch n := len(c.row); {
	case n < len(c.fields):
		return fmt.Errorf("%d fields: want at least %d: %v", n, len(c.fields), c.fields)
	case c.width > 0 && n != c.width:
		return fmt.Errorf("%d fields where the file's first line has %d", n, c.width)
	}
	c.row = c.row[:len(c.fields)]
	return nil
}

// check reads the row's time and makes sure that every field that is copied is
// what it should be: what is written here is believed later.
func (c *converter) check() (at exchange.Time, err error) {
	for i, name := range c.fields {
		v := bytes.TrimSpace(c.row[i])
		switch {
		case name == "":
		case i == c.time:
			at, err = epoch(v)
		default:
			c.row[i], err = canonical(name, v)
		}
		if err != nil {
			return 0, err
		}
	}
	return at, c.valid(c.row)
}

package archive

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/perilune/perilune/exchange"
)

// converter turns the rows of one kind of file into lines of another.
type converter struct {
	path   string   // of the file to write, below the directory of the import
	header string   // its first line; "" has none
	fields []string // names of the columns that are used, in the archive's order; "" is passed over
	time   int      // which of them is the time
	id     int      // which of them rises from row to row
	write  func(dst []byte, at exchange.Time, f [][]byte) []byte

	last  int64 // of id
	begun bool
	row   [][]byte
	buf   []byte
}

// converterFor returns the converter of an item's series.
func converterFor(it Item) (*converter, error) {
	switch {
	case it.Kind.bars() && it.Market == exchange.COINM && it.Kind != PremiumKlines:
		return nil, fmt.Errorf("%s: bars of COIN-M can't be imported: a history holds spot and USD-M", it.Path())
	case it.Kind.bars():
		return barConverter(it), nil
	case it.Kind == FundingRates && it.Market == exchange.USDM:
		return &converter{path: filepath.Join("funding", it.Symbol+".csv.gz"), header: "time,interval_hours,funding_rate\n",
			fields: []string{"calc_time", "funding_interval_hours", "last_funding_rate"}, write: copyRow}, nil
	case it.Kind == Trades, it.Kind == AggTrades, it.Kind == BookTickers:
		return frameConverter(it), nil
	}
	return nil, fmt.Errorf("%s: %s of %s can't be imported", it.Path(), it.Kind, it.Market)
}

func barConverter(it Item) *converter {
	folder := map[Kind]string{MarkKlines: "mark", PremiumKlines: "premium"}[it.Kind]
	if it.Kind == Klines {
		folder = map[exchange.Market]string{exchange.Spot: "spot", exchange.USDM: "perp"}[it.Market]
	}
	return &converter{path: filepath.Join(folder+"_"+it.Interval, it.Symbol+".csv.gz"), header: "open_time,open,high,low,close,volume\n",
		fields: []string{"open_time", "open", "high", "low", "close", "volume"}, write: copyRow}
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
	mark := map[exchange.Market]string{exchange.Spot: `,"M":true}`, exchange.USDM: `,"st":1}`, exchange.COINM: `,"st":2}`}[it.Market]
	switch it.Kind {
	case Trades:
		c.fields = []string{"id", "price", "qty", "", "time", "is_buyer_maker"}
		c.time, c.id = 4, 0
		c.write = func(dst []byte, at exchange.Time, f [][]byte) []byte {
			return frame(dst, at, `{"e":"trade","E":%T,"T":%T,"s":`+symbol+`,"t":%0,"p":"%1","q":"%2","m":%5`+mark, f)
		}
	case AggTrades:
		c.fields = []string{"agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id", "transact_time", "is_buyer_maker"}
		c.time, c.id = 5, 0
		c.write = func(dst []byte, at exchange.Time, f [][]byte) []byte {
			return frame(dst, at, `{"e":"aggTrade","E":%T,"a":%0,"s":`+symbol+`,"p":"%1","q":"%2","f":%3,"l":%4,"T":%T,"m":%6`+mark, f)
		}
	case BookTickers:
		c.fields = []string{"update_id", "best_bid_price", "best_bid_qty", "best_ask_price", "best_ask_qty", "transaction_time", "event_time"}
		c.time, c.id = 6, 0
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

// line converts one row; it returns nil for a header and for a row that another
// file has brought already.
func (c *converter) line(line []byte, n int, r *Imported) (at exchange.Time, out []byte, err error) {
	line = bytes.TrimRight(line, "\r\n")
	if len(line) == 0 {
		return 0, nil, nil
	}
	if n == 1 && line[0] > '9' {
		return 0, nil, c.checkHeader(line)
	}
	if err := c.split(line); err != nil {
		return 0, nil, err
	}
	if at, err = c.check(); err != nil {
		return 0, nil, err
	}
	id, _ := strconv.ParseInt(string(c.row[c.id]), 10, 64) // check has read it
	if c.id == c.time {
		id = int64(at)
	}
	if c.begun && id <= c.last {
		r.Repeated++
		return 0, nil, nil
	}
	c.last, c.begun = id, true
	r.Rows++
	c.buf = c.write(c.buf[:0], at, c.row)
	return at, c.buf, nil
}

// checkHeader refuses a file whose columns are not those that are expected.
func (c *converter) checkHeader(line []byte) error {
	for i, name := range bytes.Split(line, []byte(",")) {
		if i < len(c.fields) && c.fields[i] != "" && !sameColumn(c.fields[i], string(name)) {
			return fmt.Errorf("column %d is %q: want %q", i+1, name, c.fields[i])
		}
	}
	return nil
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
	if len(c.row) < len(c.fields) {
		return fmt.Errorf("%d fields: want at least %d: %v", len(c.row), len(c.fields), c.fields)
	}
	c.row = c.row[:len(c.fields)]
	return nil
}

// check reads the row's time and makes sure that every field that is copied is
// what it should be: what is written here is believed later.
func (c *converter) check() (at exchange.Time, err error) {
	for i, name := range c.fields {
		switch v := c.row[i]; {
		case name == "":
		case name == "is_buyer_maker":
			c.row[i] = bytes.ToLower(v)
			if s := string(c.row[i]); s != "true" && s != "false" {
				err = fmt.Errorf("field %s is %q: want true or false", name, v)
			}
		case i == c.time:
			at, err = epoch(v)
		default:
			if _, bad := strconv.ParseFloat(string(v), 64); bad != nil || !digits(v) {
				err = fmt.Errorf("field %s is %q: want a number", name, v)
			}
		}
		if err != nil {
			return 0, err
		}
	}
	return at, nil
}

// digits keeps what only Go calls a number (Inf, 0x1p-2) out of the files.
func digits(v []byte) bool {
	for _, b := range v {
		if (b < '0' || b > '9') && b != '.' && b != '-' && b != '+' && b != 'e' && b != 'E' {
			return false
		}
	}
	return true
}

// epoch reads milliseconds or microseconds since 1970.
func epoch(v []byte) (exchange.Time, error) {
	n, err := strconv.ParseInt(string(v), 10, 64)
	switch {
	case err == nil && len(v) == 13:
		return exchange.Time(n) * exchange.Millisecond, nil
	case err == nil && len(v) == 16:
		return exchange.Time(n) * exchange.Microsecond, nil
	}
	return 0, fmt.Errorf("time %q: want milliseconds (13 digits) or microseconds (16) since 1970", v)
}

package signing

import (
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/sign"
)

// Params builds the parameters of one WebSocket API request, both as the text
// that is signed and as the JSON object that is sent, from the same bytes: a
// number that is signed as 0.10 is sent as "0.10". Parameters are kept sorted by
// name, which is the order of the signed text. Reused with Reset, it does not
// allocate.
//
// The zero Params is ready for use. It is not safe for concurrent use.
type Params struct {
	list   []param
	values []byte // of all parameters, in the order they were added
	text   []byte // scratch: the payload
	sig    []byte // scratch
	err    error
}

type param struct {
	name       string
	start, end int  // in values
	bare       bool // a JSON number or boolean, not a string
}

// Reset forgets the parameters and keeps the memory.
func (p *Params) Reset() {
	p.list, p.values, p.err = p.list[:0], p.values[:0], nil
}

// Text adds a string. Text that is not UTF-8, and a name that is there already,
// make Sign fail.
func (p *Params) Text(name, value string) {
	if !utf8.ValidString(value) {
		p.fail(notUTF8(name, value))
	}
	p.values = append(p.values, value...)
	p.add(name, len(p.values)-len(value), false)
}

// Int adds a JSON integer.
func (p *Params) Int(name string, value int64) {
	start := len(p.values)
	p.values = strconv.AppendInt(p.values, value, 10)
	p.add(name, start, true)
}

// Bool adds a JSON boolean.
func (p *Params) Bool(name string, value bool) {
	start := len(p.values)
	p.values = strconv.AppendBool(p.values, value)
	p.add(name, start, true)
}

// Steps adds a price or quantity of n steps, as a string, which is what the
// venue wants of decimals.
func (p *Params) Steps(name string, n int64, step exchange.Step) {
	start := len(p.values)
	p.values = fixed.Append(p.values, n, step)
	p.add(name, start, false)
}

// Stamp sets timestamp, and recvWindow unless it is 0: all that a request needs
// after session.logon.
func (p *Params) Stamp(timestamp, recvWindow exchange.Time) error {
	if err := checkWindow(recvWindow); err != nil {
		return err
	}
	p.remove("recvWindow")
	if recvWindow > 0 {
		p.Int("recvWindow", int64(recvWindow/exchange.Millisecond))
	}
	p.remove("timestamp")
	p.Int("timestamp", int64(timestamp/exchange.Millisecond))
	return p.err
}

// Sign sets apiKey, timestamp, recvWindow and signature. As with Query, calling
// it again signs the same request anew.
func (p *Params) Sign(s sign.Signer, api sign.Secret, timestamp, recvWindow exchange.Time) error {
	p.remove("signature")
	p.remove("apiKey")
	p.Text("apiKey", api.Reveal())
	if err := p.Stamp(timestamp, recvWindow); err != nil {
		return err
	}
	p.text = p.AppendPayload(p.text[:0])
	var err error
	if p.sig, err = s.AppendSignature(p.sig[:0], p.text); err != nil {
		return fmt.Errorf("sign a request: %w", err)
	}
	start := len(p.values)
	p.values = append(p.values, p.sig...)
	p.add("signature", start, false)
	return nil
}

// AppendPayload appends the text that is signed: name=value joined by &, sorted
// by name, without signature, nothing encoded.
func (p *Params) AppendPayload(dst []byte) []byte {
	first := true
	for _, x := range p.list {
		if x.name == "signature" {
			continue
		}
		if !first {
			dst = append(dst, '&')
		}
		first = false
		dst = append(append(dst, x.name...), '=')
		dst = append(dst, p.values[x.start:x.end]...)
	}
	return dst
}

// AppendJSON appends the parameters as a JSON object.
func (p *Params) AppendJSON(dst []byte) ([]byte, error) {
	if p.err != nil {
		return dst, p.err
	}
	dst = append(dst, '{')
	for i, x := range p.list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendJSON(dst, x.name), ':')
		if value := p.values[x.start:x.end]; x.bare {
			dst = append(dst, value...)
		} else {
			dst = appendJSON(dst, value)
		}
	}
	return append(dst, '}'), nil
}

// add inserts a parameter whose value is the end of values.
func (p *Params) add(name string, start int, bare bool) {
	i, found := p.find(name)
	if found {
		p.fail(fmt.Errorf("parameter %s is given twice", name))
		return
	}
	p.list = slices.Insert(p.list, i, param{name, start, len(p.values), bare})
}

func (p *Params) remove(name string) {
	if i, found := p.find(name); found {
		p.list = slices.Delete(p.list, i, i+1)
	}
}

// find returns the place of a name, or where it belongs. A request has a dozen
// parameters: too few for a binary search to pay.
func (p *Params) find(name string) (int, bool) {
	i := len(p.list)
	for i > 0 && p.list[i-1].name > name {
		i--
	}
	if i > 0 && p.list[i-1].name == name {
		return i - 1, true
	}
	return i, false
}

func (p *Params) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// appendJSON appends valid UTF-8 as a JSON string. It escapes only what JSON
// demands, so that the text on the wire is the text that was signed.
func appendJSON[T string | []byte](dst []byte, text T) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	plain := 0 // what is before this is written
	for i := range len(text) {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, text[plain:i]...)
		plain = i + 1
		if c < ' ' {
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		} else {
			dst = append(dst, '\\', c)
		}
	}
	return append(append(dst, text[plain:]...), '"')
}

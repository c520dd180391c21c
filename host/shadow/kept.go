package shadow

import (
	"encoding/binary"
	"errors"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger/journal"
)

// AppendRecord appends an event, encoded as the journal has it, with its length before it.
func AppendRecord(dst, raw []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(raw))), raw...)
}

var errDamaged = errors.New("what was kept of the session is damaged")

// NextRecord decodes the first event of what AppendRecord made, and returns what follows it.
// The event is valid until the decoder is used again.
func NextRecord(d *journal.EventDecoder, data []byte, ev *exchange.Event) (rest []byte, err error) {
	n, w := binary.Uvarint(data)
	if w <= 0 || n > uint64(len(data)-w) {
		return nil, errDamaged
	}
	end := w + int(n)
	return data[end:], d.Decode(data[w:end], ev)
}

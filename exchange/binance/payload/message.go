package payload

// key is a key that some message needs. The same letter means different things
// in different messages, so a message is collected first and understood after.
type key uint8

const (
	noKey key = iota
	keyEvent
	keyEventTime
	keySymbol
	keyTime // T: transaction time, or the next funding of a mark price
	keyFirstID
	keyLastID // u
	keyPrevID
	keyBid    // b: a price, or the levels of a diff
	keyBidQty // B
	keyAsk    // a: a price, the levels of a diff, or the id of an aggregate trade
	keyAskQty // A
	keyTradeID
	keyPrice
	keyQty
	keyMaker
	keyTradeType
	keyIndex
	keyRate
	keySnapshotID
	keyBids
	keyAsks
	keyLongSymbol
	keyStream
	keyData
	keyOrder // o: the order of a liquidation
	keyCount
)

var keyNames = [keyCount]string{"", "e", "E", "s", "T", "U", "u", "pu", "b", "B", "a", "A", "t", "p", "q", "m", "X", "i", "r",
	"lastUpdateId", "bids", "asks", "symbol", "stream", "data", "o"}

// keyOf is exact in case. A key spelled with escapes is an unknown key.
func keyOf(name []byte) key {
	if len(name) == 1 {
		return letterKeys[name[0]]
	}
	switch string(name) {
	case "pu":
		return keyPrevID
	case "lastUpdateId":
		return keySnapshotID
	case "bids":
		return keyBids
	case "asks":
		return keyAsks
	case "symbol":
		return keyLongSymbol
	case "stream":
		return keyStream
	case "data":
		return keyData
	}
	return noKey
}

var letterKeys = func() (t [256]key) {
	for k, name := range keyNames {
		if len(name) == 1 {
			t[name[0]] = key(k)
		}
	}
	return t
}()

// shape is the JSON type of a value, as far as it matters.
type shape uint8

const (
	otherShape  shape = iota // null, or a number that is not a whole int64
	textShape                // value is b[lo:hi], without the quotes
	wholeShape               // n
	boolShape                // n is 0 or 1
	arrayShape               // value is b[lo:hi], with the brackets
	objectShape              // value is b[lo:hi], with the braces
	levelsShape              // an array of levels that has been decoded already
)

var shapeNames = [...]string{"something else", "a string", "a whole number", "true or false", "an array", "an object", "an array"}

// field is one value of a message.
type field struct {
	lo, hi int
	n      int64
	shape  shape
}

// message is what one payload said. fields[k] counts only when seen has k.
type message struct {
	seen   uint32
	fields [keyCount]field
}

func (m *message) has(k key) bool { return m.seen&(1<<k) != 0 }

func (m *message) put(k key, f field) {
	m.seen |= 1 << k
	m.fields[k] = f
}

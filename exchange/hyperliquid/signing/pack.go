package signing

import (
	"encoding/binary"
	"encoding/json"
	"strconv"
)

// An action is signed as MessagePack and sent as JSON, and both must have the same fields
// in the same order: the venue packs what it reads. So an action is written once, into a
// form that has both.

// Field is a member of an object.
type Field struct {
	Name  string
	Value Value
}

// Value is a part of an action.
type Value interface {
	pack(b []byte) []byte
	json(b []byte) []byte
}

// The kinds of values. Numbers are whole: amounts and prices are text.
type (
	Object []Field
	List   []Value
	Text   string
	Int    uint64
	Bool   bool
)

// Source of the encodings: github.com/msgpack/msgpack, spec.md. The shortest form of
// each is what the venue computes.

func (o Object) pack(b []byte) []byte {
	b = head(b, len(o), 0x80, 0xde)
	for _, f := range o {
		b = f.Value.pack(Text(f.Name).pack(b))
	}
	return b
}

func (l List) pack(b []byte) []byte {
	b = head(b, len(l), 0x90, 0xdc)
	for _, v := range l {
		b = v.pack(b)
	}
	return b
}

// head begins an object or a list: up to 15 members are in the first byte.
func head(b []byte, n int, short, long byte) []byte {
	switch {
	case n < 16:
		return append(b, short|byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, long), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(b, long+1), uint32(n))
}

func (t Text) pack(b []byte) []byte {
	switch n := len(t); {
	case n < 32:
		b = append(b, 0xa0|byte(n))
	case n < 1<<8:
		b = append(b, 0xd9, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0xda), uint16(n))
	default:
		b = binary.BigEndian.AppendUint32(append(b, 0xdb), uint32(n))
	}
	return append(b, t...)
}

func (i Int) pack(b []byte) []byte {
	switch {
	case i < 1<<7:
		return append(b, byte(i))
	case i < 1<<8:
		return append(b, 0xcc, byte(i))
	case i < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, 0xcd), uint16(i))
	case i < 1<<32:
		return binary.BigEndian.AppendUint32(append(b, 0xce), uint32(i))
	}
	return binary.BigEndian.AppendUint64(append(b, 0xcf), uint64(i))
}

func (v Bool) pack(b []byte) []byte {
	if v {
		return append(b, 0xc3)
	}
	return append(b, 0xc2)
}

func (o Object) json(b []byte) []byte {
	b = append(b, '{')
	for i, f := range o {
		if i > 0 {
			b = append(b, ',')
		}
		b = f.Value.json(append(Text(f.Name).json(b), ':'))
	}
	return append(b, '}')
}

func (l List) json(b []byte) []byte {
	b = append(b, '[')
	for i, v := range l {
		if i > 0 {
			b = append(b, ',')
		}
		b = v.json(b)
	}
	return append(b, ']')
}

func (t Text) json(b []byte) []byte {
	for _, c := range []byte(t) {
		if c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			quoted, err := json.Marshal(string(t))
			if err != nil {
				return append(b, `""`...) // not reached: a string can be marshalled
			}
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), t...), '"')
}

func (i Int) json(b []byte) []byte { return strconv.AppendUint(b, uint64(i), 10) }

func (v Bool) json(b []byte) []byte { return strconv.AppendBool(b, bool(v)) }

// JSON is the text form of a value.
func JSON(v Value) []byte { return v.json(nil) }

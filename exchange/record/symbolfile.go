package record

import (
	"fmt"
	"strings"
)

// unsafe are the characters that some file system does not take, and the one that stands
// for them.
const unsafe = `%/\:*?"<>|`

// FileSymbol is a symbol as a part of a file's name: what no file system likes is
// %XX, as in addresses. SymbolOfFile is its inverse.
func FileSymbol(symbol string) string {
	var b strings.Builder
	for i := range len(symbol) {
		if c := symbol[i]; c <= ' ' || c == 0x7f || strings.IndexByte(unsafe, c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// SymbolOfFile returns the symbol that FileSymbol has written so; false: it has not.
func SymbolOfFile(name string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] != '%' {
			b.WriteByte(name[i])
			continue
		}
		var c byte
		if i+3 > len(name) {
			return "", false
		}
		if _, err := fmt.Sscanf(name[i+1:i+3], "%02X", &c); err != nil {
			return "", false
		}
		b.WriteByte(c)
		i += 2
	}
	symbol := b.String()
	return symbol, FileSymbol(symbol) == name
}

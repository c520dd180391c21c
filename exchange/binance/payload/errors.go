package payload

import "github.com/perilune/perilune/exchange/connect"

// ErrIgnored says that a payload is well-formed but holds nothing this program
// uses: another kind of message, the answer to a subscription, a symbol nobody
// asked for, or a trade that did not happen in the book.
var ErrIgnored = connect.ErrIgnored

package account

import (
	"bytes"

	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/wire"
)

// shutdown is what spot announces the end of a connection with, in any of the
// forms it has. Only a frame that has it is looked at again.
var shutdown = []byte(`"serverShutdown"`)

// classOfFrame finds the announcement {"event":{"e":"serverShutdown",…}}; a
// client id that is spelled so does not count.
func classOfFrame(frame []byte) wire.Class {
	if !bytes.Contains(frame, shutdown) {
		return wire.Other
	}
	if inner, err := member(frame, "event"); err == nil && inner != nil {
		frame = inner
	}
	f := jsonscan.Object(frame)
	for f.Next() {
		if string(f.Key()) == "e" && f.Text() == "serverShutdown" {
			return wire.Shutdown
		}
	}
	return wire.Other
}

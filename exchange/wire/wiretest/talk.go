package wiretest

import (
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

// Talker is the server's end of a connection that says what a test tells it to, and waits
// for who does not read.
type Talker struct{ conn *websocket.Conn }

// Talk upgrades a request and lets say talk; the connection ends when it returns.
func Talk(w http.ResponseWriter, r *http.Request, say func(*Talker)) {
	conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return // it has been answered
	}
	defer conn.Close()
	say(&Talker{conn})
}

// Say sends a message, and reports whether the connection is still there.
func (t *Talker) Say(text string) bool {
	return t.conn.WriteMessage(websocket.TextMessage, []byte(text)) == nil
}

// End says why it ends, and waits for the answer.
func (t *Talker) End(code int, why string) {
	_ = t.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, why), time.Now().Add(time.Second)) // who is gone needs no word
	t.Wait()
}

// Wait waits until the other side is gone.
func (t *Talker) Wait() {
	for {
		if _, _, err := t.conn.NextReader(); err != nil {
			return
		}
	}
}

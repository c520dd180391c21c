package line

// Streamless is what a protocol says of streams (wire.Protocol) whose connections carry
// requests alone.
type Streamless struct{}

// Subscribe is not used: there are no streams.
func (Streamless) Subscribe(uint64, []string) []byte { return nil }

// Unsubscribe is not used either.
func (Streamless) Unsubscribe(uint64, []string) []byte { return nil }

// Conn is a connection of a line, which takes requests once it is logged in. A venue's
// handler (wire.Handler) embeds it, and reads the frames.
type Conn[A any] struct {
	line *Line[A]
	up   bool
}

// Conn returns a connection that is not logged in yet.
func (l *Line[A]) Conn() Conn[A] { return Conn[A]{line: l} }

// LoggedIn tells that it takes requests. Once more, it says nothing new.
func (c *Conn[A]) LoggedIn() {
	if !c.up {
		c.up = true
		c.line.Up()
	}
}

// Subscribed is not used: there are no streams.
func (c *Conn[A]) Subscribed([]string) {}

// Stalled is not used either.
func (c *Conn[A]) Stalled([]string) {}

// Down leaves every request unknown that waits for an answer.
func (c *Conn[A]) Down(err error) {
	if c.up {
		c.line.Down(err)
	}
}

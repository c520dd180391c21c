package wire

import (
	"encoding/binary"
	"errors"
	"time"
)

// trouble is how a connection misbehaves, for tests.
type trouble struct {
	held  bool          // nothing is sent any more
	delay time.Duration // before every frame
	cut   bool          // the next frame ends in the middle, and the connection with it
}

// errCut ends the writer of a connection that was cut.
var errCut = errors.New("websocket: the connection was cut in the middle of a frame")

// Slow makes every frame from now on wait for d before it is sent, one after the
// other, as on a link without room. Frames that do not fit in the queue end the
// connection.
func (p *Peer) Slow(d time.Duration) {
	p.mu.Lock()
	p.trouble.delay = d
	p.mu.Unlock()
}

// Cut sends one half of the next frame and then ends the connection.
func (p *Peer) Cut() {
	p.mu.Lock()
	p.trouble.cut = true
	p.mu.Unlock()
}

func (p *Peer) troubled() trouble {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.trouble
}

// half writes the header of a whole frame and one half of its payload.
func (p *Peer) half(frame []byte) error {
	const finalText = 0x81
	head := []byte{finalText, byte(len(frame))}
	switch {
	case len(frame) > 0xffff:
		head = binary.BigEndian.AppendUint64([]byte{finalText, 127}, uint64(len(frame)))
	case len(frame) > 125:
		head = binary.BigEndian.AppendUint16([]byte{finalText, 126}, uint16(len(frame)))
	}
	if _, err := p.conn.NetConn().Write(append(head, frame[:len(frame)/2]...)); err != nil {
		return err
	}
	return errCut
}

// pause waits for d, or until the connection ends.
func (p *Peer) pause(d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-p.quit:
	case <-t.C:
	}
}

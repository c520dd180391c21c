package wiretest

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Socket is a websocket client of a hundred lines, so that a server is tested against RFC
// 6455 and not against the library that it is made with.
type Socket struct {
	conn net.Conn
	in   *bufio.Reader
	mu   sync.Mutex // of writes: pongs come from the reader
}

// DialSocket connects to a ws:// address.
func DialSocket(address string) (*Socket, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", u.RequestURI(), u.Host)
	s := &Socket{conn: conn, in: bufio.NewReader(conn)}
	res, err := http.ReadResponse(s.in, nil)
	if err != nil {
		conn.Close()
		return nil, err
	}
	// The answer to the key of RFC 6455, section 1.3.
	if res.StatusCode != http.StatusSwitchingProtocols || res.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		conn.Close()
		return nil, fmt.Errorf("no upgrade: %s", res.Status)
	}
	return s, nil
}

const (
	opText  = 1
	opClose = 8
	opPing  = 9
	opPong  = 10
)

// Write sends a text message.
func (s *Socket) Write(payload []byte) error { return s.frame(opText, payload) }

// frame sends one final frame, masked with zeros.
func (s *Socket) frame(op byte, payload []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	head := []byte{0x80 | op}
	if n := len(payload); n < 126 {
		head = append(head, 0x80|byte(n))
	} else {
		head = binary.BigEndian.AppendUint16(append(head, 0x80|126), uint16(n))
	}
	_, err := s.conn.Write(append(append(head, 0, 0, 0, 0), payload...))
	return err
}

// Read returns the next text message. Pings are answered.
func (s *Socket) Read() ([]byte, error) {
	for {
		op, payload, err := s.readFrame()
		if err != nil {
			return nil, err
		}
		switch op {
		case opText:
			return payload, nil
		case opPing:
			if err := s.frame(opPong, payload); err != nil {
				return nil, err
			}
		case opClose:
			return nil, errors.New("closed")
		}
	}
}

func (s *Socket) readFrame() (op byte, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(s.in, head[:]); err != nil {
		return 0, nil, err
	}
	n := uint64(head[1] & 0x7f)
	switch n {
	case 126:
		var b [2]byte
		if _, err := io.ReadFull(s.in, b[:]); err != nil {
			return 0, nil, err
		}
		n = uint64(binary.BigEndian.Uint16(b[:]))
	case 127:
		var b [8]byte
		if _, err := io.ReadFull(s.in, b[:]); err != nil {
			return 0, nil, err
		}
		n = binary.BigEndian.Uint64(b[:])
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(s.in, payload)
	return head[0] & 0xf, payload, err
}

// Ping sends a ping.
func (s *Socket) Ping(payload []byte) error { return s.frame(opPing, payload) }

// Deadline ends what is read after a time.
func (s *Socket) Deadline(t time.Time) error { return s.conn.SetReadDeadline(t) }

// Close ends the connection without a goodbye.
func (s *Socket) Close() { s.conn.Close() }

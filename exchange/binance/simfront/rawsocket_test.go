package simfront

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
)

// rawSocket is a websocket client of a hundred lines, so that the server is
// tested against RFC 6455 and not against the library that it is made with.
type rawSocket struct {
	conn net.Conn
	in   *bufio.Reader
	mu   sync.Mutex // of writes: pongs come from the reader
}

func dialRaw(address string) (*rawSocket, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", u.RequestURI(), u.Host)
	s := &rawSocket{conn: conn, in: bufio.NewReader(conn)}
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

// write sends a text message.
func (s *rawSocket) write(payload []byte) error { return s.frame(opText, payload) }

// frame sends one final frame, masked with zeros.
func (s *rawSocket) frame(op byte, payload []byte) error {
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

// read returns the next text message. Pings are answered.
func (s *rawSocket) read() ([]byte, error) {
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

func (s *rawSocket) readFrame() (op byte, payload []byte, err error) {
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

func (s *rawSocket) close() { s.conn.Close() }

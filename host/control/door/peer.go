package door

import (
	"fmt"
	"net"
	"os"

	"github.com/perilune/perilune/host/control"
)

// peers lets in who the kernel says is the user of this process, or root.
type peers struct{ net.Listener }

func (l *peers) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		uid, err := peerUID(c.(*net.UnixConn))
		if err == nil && (uid == 0 || uid == os.Getuid()) {
			return &peer{c, uid}, nil
		}
		_ = c.Close()
	}
}

// peer is a connection of a user of this machine.
type peer struct {
	net.Conn
	uid int
}

// peerOf is who has a connection over the socket.
func peerOf(c net.Conn) (control.Who, bool) {
	if n, ok := c.(*counted); ok {
		c = n.Conn
	}
	p, ok := c.(*peer)
	if !ok {
		return control.Who{}, false
	}
	return control.Who{Door: "socket", Name: fmt.Sprintf("uid %d", p.uid)}, true
}

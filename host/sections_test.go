package host

import (
	"strings"
	"testing"
)

// A key of the configuration is used or refused: recv_window is of venues whose requests say
// how long they are good, and never left aside in silence.
func TestRecvWindowIsUsedOrRefused(t *testing.T) {
	used := map[string]bool{"binance": true, "bybit": true}
	for _, c := range Venues() {
		s := c.Section()
		s.Shared().RecvWindow = 5000
		_, err := s.Open()
		if used[c.House()] != (err == nil) || err != nil && !strings.Contains(err.Error(), "recv_window = 5000") {
			t.Errorf("%s: %v", c.House(), err)
		}
		s.Shared().RecvWindow = 0
		if _, err := s.Open(); err != nil {
			t.Errorf("%s without it: %v", c.House(), err)
		}
	}
}

package bybittest

import "net/url"

type account struct{}

func (a *account) begin() {}

func (s *Server) private(path string, q url.Values, body []byte) (any, *refusal) {
	return nil, &refusal{404, path}
}

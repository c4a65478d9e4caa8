package config

import (
	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/door/admission"
)

// maxHandshakes is the highest rate, in handshakes per second: an address has no more ports.
const maxHandshakes = 1 << 16

// Policy returns who may connect by a checked configuration.
func (s *Server) Policy() door.Policy {
	p, _ := s.policy()
	return p
}

// listError is what is wrong with the list of a key: nil, or joined admission.PatternErrors.
type listError struct {
	key string
	err error
}

func (s *Server) policy() (p door.Policy, errs []listError) {
	var origins, hosts, paths, proxies, headers error
	p.Origins, origins = admission.ParseOrigins(s.AllowedOrigins)
	p.Hosts, hosts = admission.ParseHosts(s.AllowedHosts)
	p.Paths, paths = admission.ParsePaths(s.Paths)
	p.Proxies, proxies = admission.ParseProxies(s.TrustedProxies)
	p.Forwarding, headers = admission.ParseForwarding(p.Proxies, s.ForwardedHeaders)
	p.Subprotocols, p.ProxyProtocol = s.Subprotocols, s.ProxyProtocol
	return p, []listError{
		{"server.allowed_origins", origins},
		{"server.allowed_hosts", hosts},
		{"server.paths", paths},
		{"server.subprotocols", admission.CheckSubprotocols(s.Subprotocols)},
		{"server.trusted_proxies", proxies},
		{"server.forwarded_headers", headers},
	}
}

// admission checks who may connect, and how many.
func (c *checker) admission(s *Server) {
	_, lists := s.policy()
	for _, list := range lists {
		if joined, ok := list.err.(interface{ Unwrap() []error }); ok {
			for _, err := range joined.Unwrap() {
				bad := err.(*admission.PatternError)
				c.require(false, list.key, bad.Value, bad.Want)
			}
		}
	}
	c.require(!s.ProxyProtocol || len(s.TrustedProxies) > 0, "server.proxy_protocol", s.ProxyProtocol,
		"want server.trusted_proxies, too: nobody else may say for whom a connection is")
	c.number("server.max_connections", s.MaxConnections, 0, maxQueue)
	c.number("server.max_connections_per_address", s.MaxConnectionsPerAddress, 0, maxQueue)
	c.number("server.handshake_rate", s.HandshakeRate, 0, maxHandshakes)
	c.number("server.handshake_rate_per_address", s.HandshakeRatePerAddress, 0, maxHandshakes)
}

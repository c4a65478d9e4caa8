package config

// maxRate is far beyond what one connection carries.
const maxRate = 1 << 20

// limits checks what one client may do.
func (c *checker) limits(s *Server) {
	c.number("server.message_rate", s.MessageRate, 0, maxRate)
	c.number("server.message_burst", s.MessageBurst, 1, maxRate)
	c.number("server.control_rate", s.ControlRate, 0, maxRate)
	c.number("server.control_burst", s.ControlBurst, 1, maxRate)
	c.require(s.IdleTimeout >= 0, "server.idle_timeout", s.IdleTimeout, `want zero, which is no limit, or more`)
}

// TLS reports whether clients speak TLS.
func (s *Server) TLS() bool { return s.TLSCert != "" }

// tls checks that there are both files or none. What is in them is for those to see who may read the key.
func (c *checker) tls(s *Server) {
	c.require(s.TLSCert == "" || s.TLSKey != "", "server.tls_cert", s.TLSCert, "wants its key, server.tls_key, too")
	c.require(s.TLSKey == "" || s.TLSCert != "", "server.tls_key", s.TLSKey, "wants its certificate, server.tls_cert, too")
}

package outcome

// ValidCloseCode reports whether a close frame may carry code (RFC 6455, section 7.4, and the IANA registry).
func ValidCloseCode(code int) bool {
	switch {
	case code >= 1000 && code <= 1003, code >= 1007 && code <= 1014, code >= 3000 && code <= 4999:
		return true
	}
	return false
}

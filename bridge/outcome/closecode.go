package outcome

import (
	"strings"
	"unicode/utf8"
)

// MaxReason is the maximum length of a close frame's reason in bytes (RFC 6455, section 5.5).
const MaxReason = 123

// ValidCloseCode reports whether a close frame may have that code (RFC 6455, section 7.4, and the IANA registry).
func ValidCloseCode(code int) bool {
	switch {
	case code >= 1000 && code <= 1003, code >= 1007 && code <= 1014, code >= 3000 && code <= 4999:
		return true
	}
	return false
}

// CloseFrame makes a handler's code and reason fit for a close frame. An invalid code becomes 1011, but code 0, which means no close frame,
// stays. A reason that is too long is cut, and bytes that are not UTF-8 are replaced.
func CloseFrame(code int, reason string) (int, string) {
	if code != 0 && !ValidCloseCode(code) {
		code, _ = EndedFailed.Close()
	}
	reason = strings.ToValidUTF8(reason, "\uFFFD")
	for len(reason) > MaxReason {
		_, size := utf8.DecodeLastRuneInString(reason)
		reason = reason[:len(reason)-size]
	}
	return code, reason
}

package admission

import "strings"

// CutToken takes a token (RFC 9110, section 5.6.2) off s; without one, token is empty.
func CutToken(s string) (token, rest string) {
	end := strings.IndexFunc(s, func(r rune) bool {
		isAlphanumeric := r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		return !isAlphanumeric && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:]
}

func isToken(s string) bool {
	token, rest := CutToken(s)
	return token != "" && rest == ""
}

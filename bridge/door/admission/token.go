package admission

import "strings"

// tokenChars are those of a token (RFC 9110, section 5.6.2), in an order in which they can stand in a pattern's brackets.
const tokenChars = "-!#$%&'*+.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

func isToken(s string) bool { return s != "" && strings.Trim(s, tokenChars) == "" }

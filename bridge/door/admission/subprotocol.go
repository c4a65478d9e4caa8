package admission

import (
	"errors"
	"slices"
	"strings"
)

// ErrSubprotocols says that Sec-WebSocket-Protocol is malformed; it deserves status 400.
var ErrSubprotocols = errors.New("bad Sec-WebSocket-Protocol")

// OfferedSubprotocols reads the lines of Sec-WebSocket-Protocol in their order: a list of tokens, none of them twice (RFC 6455,
// section 4.1). Empty elements of the list are nothing (RFC 9110, section 5.6.1.2), but a header of nothing else is malformed.
func OfferedSubprotocols(lines []string) ([]string, error) {
	var offered []string
	for _, line := range lines {
		for element := range strings.SplitSeq(line, ",") {
			element = strings.Trim(element, " \t")
			switch {
			case element == "":
			case !isToken(element), slices.Contains(offered, element):
				return nil, ErrSubprotocols
			default:
				offered = append(offered, element)
			}
		}
	}
	if len(lines) > 0 && len(offered) == 0 {
		return nil, ErrSubprotocols
	}
	return offered, nil
}

const wantSubprotocol = "want the name of a sub-protocol, without spaces, commas and quotes, once"

// CheckSubprotocols checks the names that a server speaks. The error joins a PatternError for each that is none.
func CheckSubprotocols(names []string) error {
	var errs []error
	for i, n := range names {
		if !isToken(n) || slices.Contains(names[:i], n) {
			errs = append(errs, &PatternError{n, wantSubprotocol})
		}
	}
	return errors.Join(errs...)
}

// ChooseSubprotocol returns the first of spoken that is offered, or nothing: then none is agreed to (RFC 6455, section 4.2.2).
func ChooseSubprotocol(spoken, offered []string) string {
	for _, s := range spoken {
		if slices.Contains(offered, s) {
			return s
		}
	}
	return ""
}

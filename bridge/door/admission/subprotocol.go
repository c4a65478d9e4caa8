package admission

import (
	"errors"
	"slices"
)

var errSubprotocols = errors.New("bad Sec-WebSocket-Protocol")

// ChooseSubprotocol returns the first of spoken that a client offers in lines, those of Sec-WebSocket-Protocol; empty: none is
// agreed to (RFC 6455, section 4.2.2). An error says that lines are malformed, which deserves status 400.
func ChooseSubprotocol(spoken, lines []string) (string, error) {
	offered, err := offeredSubprotocols(lines)
	if err != nil {
		return "", err
	}
	for _, s := range spoken {
		if slices.Contains(offered, s) {
			return s, nil
		}
	}
	return "", nil
}

// offeredSubprotocols parses a list of tokens, none of them twice (RFC 6455, section 4.1). Empty elements of the list do not count
// (RFC 9110, section 5.6.1.2): some libraries send an empty header for none.
func offeredSubprotocols(lines []string) ([]string, error) {
	var offered []string
	for _, element := range list(lines) {
		if !isToken(element) || slices.Contains(offered, element) {
			return nil, errSubprotocols
		}
		offered = append(offered, element)
	}
	return offered, nil
}

const wantSubprotocol = "want the name of a sub-protocol, without spaces, commas and quotes, once"

// CheckSubprotocols checks the names that a server speaks. The error joins a PatternError for each bad one.
func CheckSubprotocols(names []string) error {
	var errs []error
	for i, n := range names {
		if !isToken(n) || slices.Contains(names[:i], n) {
			errs = append(errs, &PatternError{n, wantSubprotocol})
		}
	}
	return errors.Join(errs...)
}

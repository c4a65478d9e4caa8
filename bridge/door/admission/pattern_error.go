package admission

import "strconv"

// PatternError is a configured value that has no meaning. The Parse functions join one for each.
type PatternError struct {
	Value string
	Want  string // what is wanted instead
}

func (e *PatternError) Error() string { return strconv.Quote(e.Value) + ": " + e.Want }

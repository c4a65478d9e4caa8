package main

// limit is what a measured value is wanted to be at least or at most. The zero limit wants nothing.
type limit struct {
	op    string // "≥" or "≤"
	value float64
}

func (l limit) text(write func(float64) string) string {
	if l.op == "" {
		return ""
	}
	return l.op + " " + write(l.value)
}

func (l limit) verdict(measured float64) string {
	switch {
	case l.op == "":
		return ""
	case l.op == "≥" && measured >= l.value, l.op == "≤" && measured <= l.value:
		return "met"
	}
	return "missed"
}

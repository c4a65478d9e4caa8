package fifo

// tailSize is how much of skipped data is remembered: an opening, the byte before it, and some more so
// that it need not be moved at each byte.
const tailSize = 16

// openingSize is the length of {" and [".
const openingSize = 2

// opens tells whether tail ends with {" or [" and b makes of it the beginning of a document. The quote
// cannot be one that ends a string, as none of what may follow a string is accepted as b. Longer
// openings such as [{" are not looked for: the bracket could be a visitor's, before somebody else's document.
func opens(tail []byte, b byte) bool {
	i := len(tail) - openingSize
	return i >= 0 && (tail[i] == '{' || tail[i] == '[') && tail[i+1] == '"' && startsString(b)
}

// opensMisplaced is opens for a place nothing is known about: the byte before the opening must prove that
// it is not a value inside another document.
func opensMisplaced(tail []byte, b byte) bool {
	i := len(tail) - openingSize - 1
	return i >= 0 && opens(tail, b) && !allowsValue(tail[i])
}

// gluedObject tells whether bare ends with {" and b makes of it an object written by somebody else.
// Unlike after invalid JSON, a word must stand before it: set {"a":1}, f({"a":1}) and kick["bob"] are commands.
func gluedObject(bare []byte, b byte) bool {
	i := len(bare) - 2
	return i > 0 && bare[i] == '{' && bare[i+1] == '"' && startsString(b) && endsWord(bare[i-1])
}

// lostPlain returns how many of the first bytes of p, which follows tail, cannot be where a document is
// found: one is found only right behind a quote or a newline.
func lostPlain(tail, p []byte) int {
	if n := len(tail); n == 0 || tail[n-1] == '"' || tail[n-1] == '\n' {
		return 0
	}
	for i, b := range p {
		if b == '"' || b == '\n' {
			return i + 1
		}
	}
	return len(p)
}

func startsString(b byte) bool {
	return b > ' ' && b != ',' && b != ':' && b != '}' && b != ']'
}

// allowsValue tells whether a JSON value may follow b in the middle of a document.
func allowsValue(b byte) bool {
	return b == ':' || b == ',' || b == '[' || blank(b)
}

func endsWord(b byte) bool {
	return letter(b) || digit(b) || b == ')' || b == ']' || b == '}'
}

func letter(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || b == '_' || b >= 0x80
}

// blanks is what PHP's trim removes, as handlers expect their data trimmed by it.
const blanks = " \t\n\r\x00\x0b"

func blank(b byte) bool {
	return b == ' ' || '\t' <= b && b <= '\v' || b == '\r' || b == 0
}

func last(p []byte, n int) []byte {
	return p[max(0, len(p)-n):]
}

package fifo

// maxDepth is the nesting that encoding/json accepts. It bounds the memory of a document that is only skipped.
const maxDepth = 10000

// verdict is what the scanner says of one more byte.
type verdict uint8

const (
	more verdict = iota // the document goes on
	done                // the byte is the document's last
	bad                 // no JSON document continues with this byte
)

// place is where in the JSON grammar (RFC 8259) the scanner stands.
type place uint8

const (
	atValue      place = iota // a value must come
	atFirstValue              // a value or ']'
	atFirstKey                // a key or '}'
	atKey                     // a key must come
	atColon                   // ':' must come
	afterValue                // ',' or the closing bracket
	inString
	inEscape  // after '\'
	inHex     // in the four digits after \u
	inLiteral // in true, false or null

	// In a number that may end here.
	afterZero // no further digit may follow
	inInteger
	inFraction
	inExponent

	// In a number that needs a digit.
	afterMinus
	afterPoint
	afterExponent // or a sign
	afterSign
)

// scanner checks one JSON object or array byte by byte and knows its end. It keeps nothing of the text.
// The zero value is ready; after done or bad it must be reset.
type scanner struct {
	place   place
	key     bool   // the string being read is a key
	hex     int    // digits of \u still to come
	literal string // rest of true, false or null still to come
	stack   []byte // the brackets that are open
}

func (c *scanner) reset() {
	c.place = atValue
	c.stack = c.stack[:0]
}

// plain returns how many of the first bytes of p only continue the string the scanner is in: step would
// answer more to each and stay in place.
func (c *scanner) plain(p []byte) int {
	if c.place != inString {
		return 0
	}
	for i, b := range p {
		if b == '"' || b == '\\' || b < ' ' {
			return i
		}
	}
	return len(p)
}

// step takes the next byte, the first of which must be an opening bracket.
func (c *scanner) step(b byte) verdict {
	switch {
	case c.place >= afterZero:
		return c.stepNumber(b)
	case c.place == inLiteral:
		return c.stepLiteral(b)
	case c.place >= inString:
		return c.stepString(b)
	case b == ' ' || b == '\t' || b == '\n' || b == '\r':
		return more
	}
	return c.stepStructure(b)
}

func (c *scanner) to(p place) verdict {
	c.place = p
	return more
}

func (c *scanner) stepStructure(b byte) verdict {
	switch {
	case c.place == atFirstValue && b == ']', c.place == atFirstKey && b == '}':
		return c.close()
	case c.place == atFirstValue, c.place == atValue:
		return c.value(b)
	case c.place == atFirstKey, c.place == atKey:
		return c.string(b, true)
	case c.place == atColon && b == ':':
		return c.to(atValue)
	case c.place == afterValue:
		return c.separator(b)
	}
	return bad
}

func (c *scanner) value(b byte) verdict {
	switch {
	case b == '{':
		return c.open(b, atFirstKey)
	case b == '[':
		return c.open(b, atFirstValue)
	case b == '-':
		return c.to(afterMinus)
	case b == '0':
		return c.to(afterZero)
	case digit(b):
		return c.to(inInteger)
	case b == 't':
		return c.word("rue")
	case b == 'f':
		return c.word("alse")
	case b == 'n':
		return c.word("ull")
	}
	return c.string(b, false)
}

func (c *scanner) open(b byte, first place) verdict {
	if len(c.stack) == maxDepth {
		return bad
	}
	c.stack = append(c.stack, b)
	return c.to(first)
}

func (c *scanner) close() verdict {
	c.stack = c.stack[:len(c.stack)-1]
	if len(c.stack) == 0 {
		return done
	}
	return c.to(afterValue)
}

func (c *scanner) separator(b byte) verdict {
	object := c.stack[len(c.stack)-1] == '{'
	switch {
	case b == ',' && object:
		return c.to(atKey)
	case b == ',':
		return c.to(atValue)
	case b == '}' && object, b == ']' && !object:
		return c.close()
	}
	return bad
}

func (c *scanner) string(b byte, key bool) verdict {
	if b != '"' {
		return bad
	}
	c.key = key
	return c.to(inString)
}

func (c *scanner) stepString(b byte) verdict {
	switch {
	case c.place == inEscape:
		return c.stepEscape(b)
	case c.place == inHex:
		return c.stepHex(b)
	case b == '"' && c.key:
		return c.to(atColon)
	case b == '"':
		return c.to(afterValue)
	case b == '\\':
		return c.to(inEscape)
	case b < ' ':
		return bad
	}
	return more
}

func (c *scanner) stepEscape(b byte) verdict {
	switch b {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return c.to(inString)
	case 'u':
		c.hex = 4
		return c.to(inHex)
	}
	return bad
}

func (c *scanner) stepHex(b byte) verdict {
	if !digit(b) && !('a' <= b && b <= 'f') && !('A' <= b && b <= 'F') {
		return bad
	}
	if c.hex--; c.hex == 0 {
		return c.to(inString)
	}
	return more
}

func (c *scanner) word(rest string) verdict {
	c.literal = rest
	return c.to(inLiteral)
}

func (c *scanner) stepLiteral(b byte) verdict {
	if b != c.literal[0] {
		return bad
	}
	if c.literal = c.literal[1:]; c.literal == "" {
		return c.to(afterValue)
	}
	return more
}

func (c *scanner) stepNumber(b byte) verdict {
	switch {
	case digit(b):
		return c.stepDigit(b)
	case c.place == afterExponent && (b == '+' || b == '-'):
		return c.to(afterSign)
	case c.place >= afterMinus:
		return bad
	case b == '.' && (c.place == afterZero || c.place == inInteger):
		return c.to(afterPoint)
	case (b == 'e' || b == 'E') && c.place != inExponent:
		return c.to(afterExponent)
	}
	c.place = afterValue
	return c.step(b)
}

func (c *scanner) stepDigit(b byte) verdict {
	switch c.place {
	case afterZero:
		return bad
	case afterMinus:
		return c.value(b)
	case afterPoint:
		return c.to(inFraction)
	case afterExponent, afterSign:
		return c.to(inExponent)
	}
	return more
}

func digit(b byte) bool { return '0' <= b && b <= '9' }

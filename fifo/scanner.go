package fifo

// maxDepth is the nesting encoding/json accepts; it bounds the stack while a document is skipped.
const maxDepth = 10000

// verdict is the scanner's word on one more byte.
type verdict uint8

const (
	more verdict = iota // the document goes on
	done                // the byte is the document's last
	bad                 // no JSON document continues with this byte
)

// place is where in the JSON grammar (RFC 8259) the scanner stands.
type place uint8

const (
	atStart       place = iota
	atValue             // a value must come
	atFirstValue        // a value or ']'
	atFirstKey          // a key or '}'
	atKey               // a key must come
	atColon             // ':' must come
	afterValue          // ',' or the closing bracket
	inString            //
	inEscape            // after '\'
	inHex               // in the four digits after \u
	inLiteral           // in true, false or null
	afterMinus          // a digit must come
	afterZero           // a leading zero: no further digit
	inInteger           //
	afterPoint          // a digit must come
	inFraction          //
	afterExponent       // a digit or a sign must come
	afterSign           // a digit must come
	inExponent          //
)

// scanner checks one JSON object or array byte by byte and knows its end. It keeps nothing of the text.
// The zero value is ready; after done or bad it must be reset.
type scanner struct {
	place   place
	key     bool   // the string being read is a key
	hex     int    // digits of \u still to come
	literal string // what must still come of true, false or null
	stack   []byte // the brackets that are open
}

func (c *scanner) reset() {
	c.place = atStart
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

func (c *scanner) step(b byte) verdict {
	switch {
	case c.place >= inString && c.place <= inHex:
		return c.stepString(b)
	case c.place == inLiteral:
		return c.stepLiteral(b)
	case c.place >= afterMinus:
		return c.stepNumber(b)
	case b == ' ' || b == '\t' || b == '\n' || b == '\r':
		return more
	}
	return c.stepStructure(b)
}

func (c *scanner) stepStructure(b byte) verdict {
	switch c.place {
	case atStart:
		if b == '{' || b == '[' {
			return c.open(b)
		}
	case atFirstValue:
		if b == ']' {
			return c.shut()
		}
		return c.value(b)
	case atValue:
		return c.value(b)
	case atFirstKey:
		if b == '}' {
			return c.shut()
		}
		return c.string(b, true)
	case atKey:
		return c.string(b, true)
	case atColon:
		if b == ':' {
			return c.to(atValue)
		}
	case afterValue:
		return c.separator(b)
	}
	return bad
}

func (c *scanner) to(p place) verdict {
	c.place = p
	return more
}

func (c *scanner) value(b byte) verdict {
	switch {
	case b == '{' || b == '[':
		return c.open(b)
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

func (c *scanner) open(b byte) verdict {
	if len(c.stack) == maxDepth {
		return bad
	}
	c.stack = append(c.stack, b)
	if b == '{' {
		return c.to(atFirstKey)
	}
	return c.to(atFirstValue)
}

func (c *scanner) shut() verdict {
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
		return c.shut()
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
	switch c.place {
	case inEscape:
		return c.escaped(b)
	case inHex:
		if !hexDigit(b) {
			return bad
		}
		if c.hex--; c.hex == 0 {
			return c.to(inString)
		}
		return more
	}
	switch {
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

func (c *scanner) escaped(b byte) verdict {
	switch b {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return c.to(inString)
	case 'u':
		c.hex = 4
		return c.to(inHex)
	}
	return bad
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
	switch c.place {
	case afterMinus:
		switch {
		case b == '0':
			return c.to(afterZero)
		case digit(b):
			return c.to(inInteger)
		}
		return bad
	case afterPoint:
		return c.digitTo(b, inFraction)
	case afterExponent:
		if b == '+' || b == '-' {
			return c.to(afterSign)
		}
		return c.digitTo(b, inExponent)
	case afterSign:
		return c.digitTo(b, inExponent)
	}
	return c.numberGoesOn(b)
}

// numberGoesOn is for the places where a number may end: the byte continues it or is what follows it.
func (c *scanner) numberGoesOn(b byte) verdict {
	switch {
	case digit(b) && c.place != afterZero:
		return more
	case b == '.' && (c.place == afterZero || c.place == inInteger):
		return c.to(afterPoint)
	case (b == 'e' || b == 'E') && c.place != inExponent:
		return c.to(afterExponent)
	}
	c.place = afterValue
	return c.step(b)
}

func (c *scanner) digitTo(b byte, p place) verdict {
	if digit(b) {
		return c.to(p)
	}
	return bad
}

func digit(b byte) bool { return '0' <= b && b <= '9' }

func hexDigit(b byte) bool {
	return digit(b) || 'a' <= b && b <= 'f' || 'A' <= b && b <= 'F'
}

package fifo

import "strings"

// maxDepth is the nesting that encoding/json accepts. It bounds the memory of a document that is only skipped.
const maxDepth = 10000

// verdict is what the scanner says of one more byte.
type verdict uint8

const (
	more verdict = iota // the document goes on
	done                // the byte is the document's last
	bad                 // no JSON document continues with this byte
)

// anyHex is no byte of true, false and null.
const anyHex = 'x'

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
	inEscape // after '\'
	inWord   // in true, false or null, or in the four digits after \u

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
	place place
	key   bool   // the string being read is a key
	word  string // what is still to come of it; anyHex stands for a hexadecimal digit
	stack []byte // the brackets that are open
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
	case c.place == inWord:
		return c.stepWord(b)
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
		return c.expect("rue")
	case b == 'f':
		return c.expect("alse")
	case b == 'n':
		return c.expect("ull")
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
	escaped := c.place == inEscape
	switch {
	case escaped && b == 'u':
		return c.expect("xxxx")
	case escaped && strings.IndexByte(`"\/bfnrt`, b) >= 0:
		return c.to(inString)
	case escaped, b < ' ':
		return bad
	case b == '"' && c.key:
		return c.to(atColon)
	case b == '"':
		return c.to(afterValue)
	case b == '\\':
		return c.to(inEscape)
	}
	return more
}

func (c *scanner) expect(word string) verdict {
	c.word = word
	return c.to(inWord)
}

func (c *scanner) stepWord(b byte) verdict {
	want := c.word[0]
	isHex := digit(b) || 'a' <= b && b <= 'f' || 'A' <= b && b <= 'F'
	if want == anyHex && !isHex || want != anyHex && b != want {
		return bad
	}
	c.word = c.word[1:]
	switch {
	case c.word != "":
		return more
	case want == anyHex:
		return c.to(inString)
	}
	return c.to(afterValue)
}

func (c *scanner) stepNumber(b byte) verdict {
	switch p := c.place; {
	case digit(b) && p == afterMinus:
		return c.value(b)
	case digit(b) && p == afterPoint:
		return c.to(inFraction)
	case digit(b) && (p == afterExponent || p == afterSign):
		return c.to(inExponent)
	case digit(b) && p != afterZero:
		return more
	case p == afterExponent && (b == '+' || b == '-'):
		return c.to(afterSign)
	case digit(b), p >= afterMinus:
		return bad
	case b == '.' && (p == afterZero || p == inInteger):
		return c.to(afterPoint)
	case (b == 'e' || b == 'E') && p != inExponent:
		return c.to(afterExponent)
	}
	c.place = afterValue
	return c.step(b)
}

func digit(b byte) bool { return '0' <= b && b <= '9' }

package fifo

import "bytes"

// After invalid data a new document is recognised by its opening, {" or [", the byte before it and the byte after it.
const openingSize = 2

// opens reports whether tail ends with an opening and b makes of it the beginning of a document. The quote
// cannot be one that ends a string, as no byte that may follow a string is accepted as b. Longer
// openings such as [{" are not looked for: the bracket could be a visitor's, before somebody else's document.
func opens(tail []byte, b byte) bool {
	i := len(tail) - openingSize
	return i >= 0 && (tail[i] == '{' || tail[i] == '[') && tail[i+1] == '"' && startsString(b)
}

// opensMisplaced is opens where nothing is known of the text before: the byte before the opening must show that
// it is not a value inside another document.
func opensMisplaced(tail []byte, b byte) bool {
	i := len(tail) - openingSize - 1
	return i >= 0 && opens(tail, b) && !allowsValue(tail[i])
}

// gluedObject reports whether command ends with {" and b makes of it an object of another writer.
// Unlike after invalid JSON, a word must come before it: set {"a":1}, f({"a":1}) and kick["bob"] are commands.
func gluedObject(command []byte, b byte) bool {
	i := len(command) - openingSize
	return i > 0 && command[i] == '{' && command[i+1] == '"' && startsString(b) && endsWord(command[i-1])
}

// isBracketed reports whether text and b begin a text in brackets, such as [INFO] or {name}, rather than a JSON document that went wrong:
// nothing but a word follows the bracket, and b belongs to no JSON.
func isBracketed(text []byte, b byte) bool {
	return b > ' ' && !bytes.ContainsRune([]byte(`{}[]",:`), rune(b)) && !bytes.ContainsAny(text[1:], "{}[]\",: \t\r\n")
}

func startsString(b byte) bool {
	return b > ' ' && b != ',' && b != ':' && b != '}' && b != ']'
}

// allowsValue reports whether a JSON value may follow b in the middle of a document.
func allowsValue(b byte) bool {
	return b == ':' || b == ',' || b == '[' || blank(b)
}

func endsWord(b byte) bool {
	return letter(b) || digit(b) || b == ')' || b == ']' || b == '}'
}

func letter(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || b == '_' || b >= 0x80
}

// blanks are what PHP's trim removes, as handlers expect their data trimmed by it.
const blanks = " \t\n\r\x00\x0b"

func blank(b byte) bool {
	return b == ' ' || '\t' <= b && b <= '\v' || b == '\r' || b == 0
}

func last(p []byte, n int) []byte { return p[max(0, len(p)-n):] }

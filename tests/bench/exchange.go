package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strconv"

	"github.com/gorilla/websocket"
)

// exchange is a frame that a client sends, and the message that answers it.
type exchange struct{ frame, answer []byte }

// exchangeOf has a message of that kind (RFC 6455, 11.8) answered by a text.
func exchangeOf(kind int, message, answer string) exchange {
	return exchange{clientFrame(kind, message), []byte(answer)}
}

// same has each client do the same.
func same(x exchange) func(int) exchange { return func(int) exchange { return x } }

func echoOf(text string) func(int) exchange {
	return same(exchangeOf(websocket.TextMessage, text, text))
}

// countOf asks counting.php for the number of clients in the room of the asking client.
func countOf(clients int) func(user int) exchange {
	return func(user int) exchange {
		return exchangeOf(websocket.BinaryMessage, message, strconv.Itoa(inRoom(clients, user)))
	}
}

// clientFrame is masked with zeros (RFC 6455, 5.3).
func clientFrame(kind int, message string) []byte {
	const masked = 1 << 7
	head := frameHead(kind, len(message))
	head[1] |= masked
	return append(append(head, 0, 0, 0, 0), message...)
}

// frameHead is that of a final frame of less than 64 KiB (RFC 6455, 5.2).
func frameHead(kind, length int) []byte {
	if length < twoBytes {
		return []byte{final | byte(kind), byte(length)}
	}
	return binary.BigEndian.AppendUint16([]byte{final | byte(kind), twoBytes}, uint16(length))
}

// Parts of a frame's head (RFC 6455, 5.2): the last frame of a message, and a length that follows in two bytes.
const final, twoBytes = 1 << 7, 126

// errNoAnswer is that a server has sent something else.
var errNoAnswer = errors.New("not the answer")

// answers returns whether got, a server's frames, has the whole message, perhaps in fragments. An error is errNoAnswer.
func answers(got, message []byte) (bool, error) {
	for {
		payload, rest, last, whole := cutFrame(got)
		if !whole {
			return false, nil
		}
		left, same := bytes.CutPrefix(message, payload)
		switch {
		case !same, last && len(left)+len(rest) > 0:
			return false, errNoAnswer
		case last:
			return true, nil
		}
		got, message = rest, left
	}
}

// cutFrame returns the payload of the first frame, what comes after it, and whether it is the last of its message, if the whole frame is there.
func cutFrame(got []byte) (payload, rest []byte, last, whole bool) {
	const head = 2
	if len(got) < head {
		return nil, nil, false, false
	}
	last, rest = got[0]&final != 0, got[head:]
	length := int(got[1])
	if length == twoBytes {
		if len(rest) < 2 {
			return nil, nil, false, false
		}
		length, rest = int(binary.BigEndian.Uint16(rest)), rest[2:]
	}
	if len(rest) < length {
		return nil, nil, false, false
	}
	return rest[:length], rest[length:], last, true
}

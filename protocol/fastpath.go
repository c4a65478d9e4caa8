package protocol

import (
	"bytes"
	"encoding/json"
)

// fast reads the two lines of which most answers consist, a send and a done without changes, exactly as the PHP half writes
// them. For these, encoding/json would make a third of the garbage of an event. It returns nil for any other line, which is
// left to encoding/json.
func (d *AnswerDecoder) fast(line []byte) *Effect {
	p := fastParser{rest: line}
	var seq uint64
	if !p.skip(`{"seq":`) || !p.number(&seq) || !p.skip(",") {
		return nil
	}
	var e *Effect
	switch {
	case p.skip(`"send":{"to":`):
		e = p.send(&d.send)
	case p.skip(`"done":{"code":"`):
		e = p.done(&d.code)
	case p.skip(`"done":{"result":true,"code":"`):
		if e = p.done(&d.code); e != nil {
			e.Done.Result = resultTrue
		}
	}
	if e == nil || string(p.rest) != "}}" {
		return nil
	}
	e.Seq = seq
	return e
}

// resultTrue is the result of an authenticate that lets a client in. It must not be changed.
var resultTrue = json.RawMessage("true")

// fastParser takes what it expects off the front of a line.
type fastParser struct{ rest []byte }

// fastSend is a send with one recipient, all in one piece.
type fastSend struct {
	effect Effect
	send   Send
	key    [1]int64
}

// send reads a send after its "to" into one, which is used for each.
func (p *fastParser) send(one *fastSend) *Effect {
	*one = fastSend{}
	to := &one.send
	to.To.Keys = one.key[:0]
	var length uint64
	if !p.recipients(&to.To) {
		return nil
	}
	to.Binary = p.skip(`,"binary":true`)
	if !p.skip(`,"length":`) || !p.number(&length) {
		return nil
	}
	to.Length = int(length)
	one.effect.Send = to
	return &one.effect
}

func (p *fastParser) recipients(to *Recipients) bool {
	if p.skip(`"open"`) {
		to.Open, to.Keys = true, nil
		return true
	}
	if !p.skip("[") {
		return false
	}
	for {
		var key uint64
		if !p.number(&key) {
			return false
		}
		to.Keys = append(to.Keys, int64(key))
		if !p.skip(",") {
			return p.skip("]")
		}
	}
}

// done reads a done after the opening quote of its code. Nearly all events have the same code, so the last one is kept.
func (p *fastParser) done(last *string) *Effect {
	end := bytes.IndexByte(p.rest, '"')
	if end < 0 || !isFingerprint(p.rest[:end]) {
		return nil
	}
	if string(p.rest[:end]) != *last {
		*last = string(p.rest[:end])
	}
	p.rest = p.rest[end+1:]
	one := struct {
		effect Effect
		done   Done
	}{done: Done{Code: *last}}
	if p.skip(`,"took":`) && !p.seconds(&one.done.Took) {
		return nil
	}
	one.effect.Done = &one.done
	return &one.effect
}

func isFingerprint(code []byte) bool {
	for _, c := range code {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && c != '+' {
			return false
		}
	}
	return true
}

func (p *fastParser) skip(text string) bool {
	if len(p.rest) < len(text) || string(p.rest[:len(text)]) != text {
		return false
	}
	p.rest = p.rest[len(text):]
	return true
}

// number takes a whole number without a sign, as JSON writes it.
func (p *fastParser) number(n *uint64) bool {
	const maxDigits = 18 // no number of so many digits overflows
	i := 0
	for *n = 0; i < len(p.rest) && i <= maxDigits && p.rest[i] >= '0' && p.rest[i] <= '9'; i++ {
		*n = *n*10 + uint64(p.rest[i]-'0')
	}
	ok := i > 0 && i <= maxDigits && (i == 1 || p.rest[0] != '0')
	p.rest = p.rest[i:]
	return ok
}

// seconds takes a decimal fraction without an exponent and with few digits, as the PHP half writes it. Both numbers that are divided are exact
// then, and so the result is the one that encoding/json gives.
func (p *fastParser) seconds(f *float64) bool {
	const maxDigits = 15 // no number of so many digits is rounded
	var n uint64
	before := len(p.rest)
	if !p.number(&n) {
		return false
	}
	digits, divisor := before-len(p.rest), 1.0
	if p.skip(".") {
		i := 0
		for ; i < len(p.rest) && digits+i < maxDigits && p.rest[i] >= '0' && p.rest[i] <= '9'; i++ {
			n = n*10 + uint64(p.rest[i]-'0')
			divisor *= 10
		}
		if i == 0 {
			return false // JSON has no such number
		}
		p.rest = p.rest[i:]
	}
	*f = float64(n) / divisor
	return digits <= maxDigits
}

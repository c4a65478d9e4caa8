package protocol

import (
	"bytes"
	"strconv"
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
		e = p.send()
	case p.skip(`"done":{"code":"`):
		e = p.done(&d.code)
	}
	if e == nil || string(p.rest) != "}}" {
		return nil
	}
	e.Seq = seq
	return e
}

// fastParser takes what it expects off the front of a line.
type fastParser struct{ rest []byte }

// send reads a send after its "to".
func (p *fastParser) send() *Effect {
	one := struct { // one allocation for all
		effect Effect
		send   Send
		key    [1]int64
	}{}
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

// seconds takes a decimal fraction, as JSON writes it.
func (p *fastParser) seconds(f *float64) bool {
	end := bytes.IndexByte(p.rest, '}')
	if end <= 0 || p.rest[0] < '0' || p.rest[0] > '9' || len(bytes.Trim(p.rest[:end], "0123456789.")) > 0 {
		return false
	}
	whole, fraction, hasFraction := bytes.Cut(p.rest[:end], []byte("."))
	if len(whole) > 1 && whole[0] == '0' || hasFraction && len(fraction) == 0 {
		return false // JSON has no such number
	}
	value, err := strconv.ParseFloat(string(p.rest[:end]), 64)
	*f, p.rest = value, p.rest[end:]
	return err == nil
}

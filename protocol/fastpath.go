package protocol

import (
	"bytes"
	"strconv"
)

// quick reads the two lines that nearly every answer consists of, a send and a done without changes, exactly as the PHP half
// writes them: encoding/json takes a third of what an event leaves to the garbage collector for them. Of anything else it
// reports false, and json decides.
func (d *AnswerDecoder) fast(line []byte) (e Effect, ok bool) {
	p := fastParser{rest: line}
	if !p.skip(`{"seq":`) || !p.number(&e.Seq) || !p.skip(",") {
		return e, false
	}
	switch {
	case p.skip(`"send":{"to":`):
		e.Send = &Send{}
		ok = p.send(e.Send)
	case p.skip(`"done":{"code":"`):
		e.Done = &Done{}
		ok = d.fastDone(&p, e.Done)
	}
	return e, ok && p.skip("}}") && len(p.rest) == 0
}

// fastDone goes on behind the opening quote of the code, which is the same in all events.
func (d *AnswerDecoder) fastDone(p *fastParser, done *Done) bool {
	end := bytes.IndexByte(p.rest, '"')
	if end < 0 || !isFingerprint(p.rest[:end]) {
		return false
	}
	if string(p.rest[:end]) != d.code {
		d.code = string(p.rest[:end])
	}
	done.Code = d.code
	p.rest = p.rest[end+1:]
	return !p.skip(`,"took":`) || p.seconds(&done.Took)
}

func isFingerprint(code []byte) bool {
	for _, c := range code {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && c != '+' {
			return false
		}
	}
	return true
}

// scanner takes what it expects off the front of a line.
type fastParser struct{ rest []byte }

func (p *fastParser) skip(text string) bool {
	if len(p.rest) < len(text) || string(p.rest[:len(text)]) != text {
		return false
	}
	p.rest = p.rest[len(text):]
	return true
}

// number takes a whole number as JSON has it, without a sign.
func (p *fastParser) number(n *uint64) bool {
	const most = 18 // digits: no more than that overflow
	i := 0
	for *n = 0; i < len(p.rest) && i <= most && p.rest[i] >= '0' && p.rest[i] <= '9'; i++ {
		*n = *n*10 + uint64(p.rest[i]-'0')
	}
	ok := i > 0 && i <= most && (i == 1 || p.rest[0] != '0')
	p.rest = p.rest[i:]
	return ok
}

// seconds takes a decimal fraction.
func (p *fastParser) seconds(f *float64) bool {
	end := bytes.IndexByte(p.rest, '}')
	if end <= 0 || p.rest[0] < '0' || p.rest[0] > '9' || len(bytes.Trim(p.rest[:end], "0123456789.")) > 0 {
		return false
	}
	whole, fraction, hasFraction := bytes.Cut(p.rest[:end], []byte("."))
	if len(whole) > 1 && whole[0] == '0' || hasFraction && len(fraction) == 0 {
		return false // no number to JSON
	}
	value, err := strconv.ParseFloat(string(p.rest[:end]), 64)
	*f, p.rest = value, p.rest[end:]
	return err == nil
}

func (p *fastParser) send(to *Send) bool {
	var length uint64
	ok := p.recipients(&to.To)
	to.Binary = ok && p.skip(`,"binary":true`)
	ok = ok && p.skip(`,"length":`) && p.number(&length)
	to.Length = int(length)
	return ok
}

func (p *fastParser) recipients(to *Recipients) bool {
	if p.skip(`"open"`) {
		to.Open = true
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

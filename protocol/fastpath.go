package protocol

import (
	"bytes"
	"strconv"
)

// quick reads the two lines that nearly every answer consists of, a send and a done without changes, exactly as the PHP half
// writes them: encoding/json takes a third of what an event leaves to the garbage collector for them. Of anything else it
// reports false, and json decides.
func (d *AnswerDecoder) quick(line []byte) (e Effect, ok bool) {
	s := scanner{rest: line}
	if !s.skip(`{"seq":`) || !s.number(&e.Seq) || !s.skip(",") {
		return e, false
	}
	switch {
	case s.skip(`"send":{"to":`):
		e.Send = &Send{}
		ok = s.send(e.Send)
	case s.skip(`"done":{"code":"`):
		e.Done = &Done{}
		ok = d.quickDone(&s, e.Done)
	}
	return e, ok && s.skip("}}") && len(s.rest) == 0
}

// quickDone goes on behind the opening quote of the code, which is the same in all events.
func (d *AnswerDecoder) quickDone(s *scanner, done *Done) bool {
	end := bytes.IndexByte(s.rest, '"')
	if end < 0 || !isFingerprint(s.rest[:end]) {
		return false
	}
	if string(s.rest[:end]) != d.code {
		d.code = string(s.rest[:end])
	}
	done.Code = d.code
	s.rest = s.rest[end+1:]
	return !s.skip(`,"took":`) || s.seconds(&done.Took)
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
type scanner struct{ rest []byte }

func (s *scanner) skip(text string) bool {
	if len(s.rest) < len(text) || string(s.rest[:len(text)]) != text {
		return false
	}
	s.rest = s.rest[len(text):]
	return true
}

// number takes a whole number as JSON has it, without a sign.
func (s *scanner) number(n *uint64) bool {
	const most = 18 // digits: no more than that overflow
	i := 0
	for *n = 0; i < len(s.rest) && i <= most && s.rest[i] >= '0' && s.rest[i] <= '9'; i++ {
		*n = *n*10 + uint64(s.rest[i]-'0')
	}
	ok := i > 0 && i <= most && (i == 1 || s.rest[0] != '0')
	s.rest = s.rest[i:]
	return ok
}

// seconds takes a decimal fraction.
func (s *scanner) seconds(f *float64) bool {
	end := bytes.IndexByte(s.rest, '}')
	if end <= 0 || s.rest[0] < '0' || s.rest[0] > '9' || len(bytes.Trim(s.rest[:end], "0123456789.")) > 0 {
		return false
	}
	whole, fraction, hasFraction := bytes.Cut(s.rest[:end], []byte("."))
	if len(whole) > 1 && whole[0] == '0' || hasFraction && len(fraction) == 0 {
		return false // no number to JSON
	}
	value, err := strconv.ParseFloat(string(s.rest[:end]), 64)
	*f, s.rest = value, s.rest[end:]
	return err == nil
}

func (s *scanner) send(to *Send) bool {
	var length uint64
	ok := s.recipients(&to.To)
	to.Binary = ok && s.skip(`,"binary":true`)
	ok = ok && s.skip(`,"length":`) && s.number(&length)
	to.Length = int(length)
	return ok
}

func (s *scanner) recipients(to *Recipients) bool {
	if s.skip(`"open"`) {
		to.Open = true
		return true
	}
	if !s.skip("[") {
		return false
	}
	for {
		var key uint64
		if !s.number(&key) {
			return false
		}
		to.Keys = append(to.Keys, int64(key))
		if !s.skip(",") {
			return s.skip("]")
		}
	}
}

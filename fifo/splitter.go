package fifo

import "bytes"

const (
	// reportEvery bounds for how long data can be skipped without a report when its end does not come.
	reportEvery = 64 << 20
	// keepBuffer is the largest buffer kept for the next document; larger ones leave with theirs.
	keepBuffer = 64 << 10
)

// state is what the splitter is in the middle of.
type state uint8

const (
	idle   state = iota // between documents
	inBare              // in a bare command
	inJSON              // in a JSON document
	lost                // in invalid data, looking for the next document
	held                // behind a JSON document found in invalid data: the next byte tells what it was
)

// silence is what the splitter wants to be told of next.
type silence uint8

const (
	noSilence silence = iota // none: it is between documents
	shortSilence
	longSilence
)

// splitter cuts the stream into documents. It reads no clock: its user calls quiet and stall.
// How the stream is cut into pieces makes no difference. It calls emit and skip from within its methods,
// in the order of the stream; emit's argument belongs to emit.
type splitter struct {
	limit int
	emit  func(doc []byte)
	skip  func(Skipped)

	state  state
	json   scanner
	buf    []byte // the document so far; if over or lost, only the tail of what was skipped
	over   bool   // the document is past the limit
	unsure bool   // the JSON document began in invalid data
	behind byte   // while held: what counts as the byte before the next; a newline, or else a closing bracket
	why    Reason // of the data being skipped; "" if none
	gone   int64  // its bytes, those reported before it ended not counted
}

func newSplitter(limit int, emit func([]byte), skip func(Skipped)) *splitter {
	return &splitter{limit: limit, emit: emit, skip: skip}
}

func (s *splitter) feed(p []byte) {
	for len(p) > 0 {
		if n := s.plain(p); n > 0 {
			p = p[n:]
			continue
		}
		s.step(p[0])
		p = p[1:]
	}
}

// plain takes from the start of p what needs no look at each byte, at the speed large data wants.
func (s *splitter) plain(p []byte) int {
	switch {
	case s.state == lost:
		n := lostPlain(s.buf, p)
		s.drop(p[:n]...)
		return n
	case s.state != inJSON:
		return 0
	}
	n := s.json.plain(p)
	if s.over {
		s.drop(p[:n]...)
		return n
	}
	n = min(n, s.limit-len(s.buf))
	s.buf = append(s.buf, p[:n]...)
	return n
}

func (s *splitter) step(b byte) {
	switch s.state {
	case idle:
		s.begin(b)
	case inBare:
		s.stepBare(b)
	case inJSON:
		s.stepJSON(b)
	case lost:
		s.stepLost(b)
	case held:
		s.stepHeld(b)
	}
}

// waiting says which silence means something now.
func (s *splitter) waiting() silence {
	switch s.state {
	case idle:
		return noSilence
	case inJSON:
		return longSilence
	}
	return shortSilence
}

// quiet says that nothing came for a short while: a bare command is complete, invalid data is over.
func (s *splitter) quiet() {
	switch s.state {
	case inBare:
		s.endBare()
	case lost:
		s.settle()
	case held:
		s.confirm()
	}
}

// stall says that nothing came for so long that nothing more belongs to what came before.
func (s *splitter) stall() {
	s.quiet()
	if s.state == inJSON {
		s.lose(CutOff)
		s.settle()
	}
}

func (s *splitter) begin(b byte) {
	switch {
	case blank(b):
	case b == '{' || b == '[':
		s.openJSON(nil)
		s.stepJSON(b)
	case b == '}' || b == ']' || b == ',':
		s.lose(Invalid)
		s.drop(b)
	default:
		s.state = inBare
		s.put(b)
	}
}

func (s *splitter) stepBare(b byte) {
	switch {
	case b == '\n':
		s.endBare()
	case gluedObject(s.buf, b):
		s.buf = s.buf[:len(s.buf)-2]
		if s.over {
			s.gone = max(0, s.gone-2)
		}
		s.endBare()
		s.openJSON([]byte(`{"`))
		s.stepJSON(b)
	default:
		s.put(b)
	}
}

func (s *splitter) endBare() {
	if !s.over {
		s.hand()
	}
	s.settle()
}

// openJSON starts a document with what is known of it, which the scanner cannot refuse.
func (s *splitter) openJSON(known []byte) {
	s.state = inJSON
	s.json.reset()
	for _, b := range known {
		s.json.step(b)
		s.put(b)
	}
}

func (s *splitter) stepJSON(b byte) {
	v := s.json.step(b)
	if v == bad {
		s.breakOff(b)
		return
	}
	s.put(b)
	switch {
	case s.over && s.unsure:
		s.lose(TooLarge)
	case v == more:
	case s.unsure:
		s.state, s.behind = held, '}'
	case s.over:
		s.settle()
	default:
		s.hand()
		s.settle()
	}
}

// breakOff ends a JSON document that b cannot continue. A bracket that opens here, or a string that must
// have begun here rather than ended, proves that another document starts.
func (s *splitter) breakOff(b byte) {
	began := opens(s.buf, b)
	s.lose(Invalid)
	switch {
	case began:
		s.reopen(openingSize)
		s.stepJSON(b)
	case b == '{' || b == '[':
		s.reopen(0)
		s.stepJSON(b)
	default:
		s.stepLost(b)
	}
}

func (s *splitter) stepLost(b byte) {
	newLine := bytes.HasSuffix(s.buf, []byte{'\n'})
	switch {
	case opensMisplaced(s.buf, b):
		s.reopen(openingSize)
		s.stepJSON(b)
	case newLine && (b == '{' || b == '['):
		s.reopen(0)
		s.stepJSON(b)
	case newLine && letter(b):
		s.settle()
		s.begin(b)
	default:
		s.drop(b)
	}
}

// reopen takes the last n bytes back from the skipped data as the beginning of a document.
func (s *splitter) reopen(n int) {
	known := bytes.Clone(last(s.buf, n))
	if s.gone = max(0, s.gone-int64(n)); s.gone == 0 {
		s.why = ""
	}
	s.buf = s.buf[:0]
	s.unsure = true
	s.openJSON(known)
}

// stepHeld judges a document found in invalid data by what follows it: a value inside another document
// is followed by one of these three. What follows may still be the rest of a broken document that this
// one was written into, visitors' text included, so it is no bare command before a newline or silence.
func (s *splitter) stepHeld(b byte) {
	switch {
	case blank(b):
		s.behind = '}'
		if b == '\n' {
			s.behind = b
		}
		return
	case b == ',' || b == '}' || b == ']':
		s.lose(Invalid)
		s.drop(b)
		return
	}
	behind := s.behind
	s.confirm()
	s.lose(Invalid)
	s.buf = append(s.buf, behind)
	s.stepLost(b)
}

func (s *splitter) confirm() {
	s.report()
	s.hand()
	s.settle()
}

// put adds b to the document, or to what is skipped once the document is past the limit.
func (s *splitter) put(b byte) {
	if !s.over && len(s.buf) < s.limit {
		s.buf = append(s.buf, b)
		return
	}
	if !s.over {
		s.forget(TooLarge)
		s.over = true
	}
	s.drop(b)
}

// lose gives up the current document for r and starts to look for the next one.
func (s *splitter) lose(r Reason) {
	if !s.over {
		s.forget(r)
	}
	s.state, s.over, s.unsure = lost, false, false
}

// forget counts buf as skipped and keeps its tail. The first reason of a stretch stands.
func (s *splitter) forget(r Reason) {
	if s.why == "" {
		s.why = r
	}
	s.gone += int64(len(s.buf))
	if cap(s.buf) > keepBuffer {
		s.buf = bytes.Clone(last(s.buf, tailSize))
		return
	}
	s.buf = append(s.buf[:0], last(s.buf, tailSize)...)
}

// drop counts p as skipped and remembers its tail.
func (s *splitter) drop(p ...byte) {
	s.gone += int64(len(p))
	s.buf = append(s.buf, last(p, tailSize)...)
	if len(s.buf) > 4*tailSize {
		s.buf = append(s.buf[:0], last(s.buf, tailSize)...)
	}
	for s.gone >= reportEvery {
		s.skip(Skipped{Reason: s.why, Bytes: reportEvery})
		s.gone -= reportEvery
	}
}

// hand gives the document in buf away.
func (s *splitter) hand() {
	doc := bytes.Trim(s.buf, blanks)
	if cap(s.buf) > keepBuffer {
		s.buf = nil
	} else {
		doc = bytes.Clone(doc)
	}
	s.emit(doc)
}

func (s *splitter) report() {
	if s.gone > 0 {
		s.skip(Skipped{Reason: s.why, Bytes: s.gone})
	}
	s.gone = 0
}

// settle reports what was skipped and is between documents again.
func (s *splitter) settle() {
	s.report()
	s.state, s.over, s.unsure, s.why, s.buf = idle, false, false, "", s.buf[:0]
}

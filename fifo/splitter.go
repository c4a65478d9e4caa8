package fifo

import "bytes"

const (
	// reportEvery bounds how many bytes are skipped without a report when their end does not come.
	reportEvery = 64 << 20
	// keepBuffer is the largest buffer kept for the next document. A larger one is given away with its document.
	keepBuffer = 64 << 10
	// tailSize is how many of the last skipped bytes are remembered: an opening and the byte before it, and some more, so
	// that they need not be moved at each byte.
	tailSize = 16
)

// state is what the splitter is in the middle of.
type state uint8

const (
	idle      state = iota // between documents
	inCommand              // in a bare command
	inJSON                 // in a JSON document
	skipping               // in invalid data, looking for the next document
	doubtful               // after a JSON document found in invalid data: the next byte decides whether it was one
)

// splitter cuts the stream into documents. It reads no clock: its user calls silence when nothing came for [Config.Stall] in state inJSON,
// for [Config.Quiet] in others. How the stream is cut into pieces makes no difference. It calls emit and skip from within its methods,
// in the order of the stream. emit may keep its argument.
type splitter struct {
	limit int
	emit  func(doc []byte)
	skip  func(Skipped)

	state   state
	json    scanner
	buf     []byte // the document so far; when skipping or tooLong, only the tail of the skipped data
	tooLong bool   // the document is longer than limit
	found   bool   // the JSON document began in invalid data
	before  byte   // when doubtful: what counts as the byte before the next, a newline or else a closing bracket
	reason  Reason // of the data being skipped, or empty
	skipped int64  // its bytes that were not reported yet
}

func newSplitter(limit int, emit func([]byte), skip func(Skipped)) *splitter {
	s := new(splitter)
	s.use(limit, emit, skip)
	return s
}

// use says where documents go from now on, and how long they may be.
func (s *splitter) use(limit int, emit func([]byte), skip func(Skipped)) {
	s.limit, s.emit, s.skip = limit, emit, skip
	if isBegun := s.state == inCommand || s.state == inJSON; isBegun && len(s.buf) > limit && !s.tooLong {
		s.discard(TooLarge)
		s.tooLong = true
	}
}

func (s *splitter) feed(p []byte) {
	for len(p) > 0 {
		n := s.plain(p)
		if n == 0 {
			s.step(p[0])
			n = 1
		}
		p = p[n:]
	}
}

// plain takes bytes from the start of p that need not be stepped through one by one, which makes large documents fast.
func (s *splitter) plain(p []byte) int {
	if s.state != inJSON {
		return 0
	}
	p = p[:s.json.plain(p)]
	if s.tooLong {
		s.drop(p...)
		return len(p)
	}
	n := min(len(p), s.limit-len(s.buf))
	s.buf = append(s.buf, p[:n]...)
	return n
}

func (s *splitter) step(b byte) {
	switch s.state {
	case idle:
		s.begin(b)
	case inCommand:
		s.stepCommand(b)
	case inJSON:
		s.stepJSON(b)
	case skipping:
		s.stepSkipping(b)
	case doubtful:
		s.stepDoubtful(b)
	}
}

// silence ends what is under way: a bare command is complete, invalid data is over, a JSON document is cut off.
func (s *splitter) silence() {
	switch s.state {
	case inCommand:
		s.endCommand()
	case inJSON:
		s.giveUp(CutOff)
		s.reset()
	case skipping:
		s.reset()
	case doubtful:
		s.confirm()
	}
}

func (s *splitter) begin(b byte) {
	switch {
	case blank(b):
	case b == '{' || b == '[':
		s.openJSON()
		s.stepJSON(b)
	case b == '}' || b == ']' || b == ',':
		s.giveUp(Invalid)
		s.drop(b)
	default:
		s.state = inCommand
		s.put(b)
	}
}

func (s *splitter) stepCommand(b byte) {
	switch {
	case b == '\n':
		s.endCommand()
	case gluedObject(s.buf, b):
		s.buf = s.buf[:len(s.buf)-openingSize]
		if s.tooLong {
			s.skipped = max(0, s.skipped-openingSize)
		}
		s.endCommand()
		s.openJSON('{', '"')
		s.stepJSON(b)
	default:
		s.put(b)
	}
}

func (s *splitter) endCommand() {
	if !s.tooLong {
		s.deliver()
	}
	s.reset()
}

// openJSON starts a document with its first bytes, which the scanner cannot refuse.
func (s *splitter) openJSON(first ...byte) {
	s.state = inJSON
	s.json.reset()
	for _, b := range first {
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
	case s.tooLong && s.found:
		s.giveUp(TooLarge)
	case v == more:
	case s.found:
		s.state, s.before = doubtful, '}'
	case s.tooLong:
		s.reset()
	default:
		s.deliver()
		s.reset()
	}
}

// breakOff ends a JSON document that b cannot continue, unless it was none. A bracket that opens here, or a string that must
// have begun here rather than ended, proves that another document starts.
func (s *splitter) breakOff(b byte) {
	if !s.found && !s.tooLong && isBracketed(s.buf, b) {
		s.state = inCommand
		s.stepCommand(b)
		return
	}
	opened := opens(s.buf, b)
	s.giveUp(Invalid)
	switch {
	case opened:
		s.reopen(openingSize, b)
	case b == '{' || b == '[':
		s.reopen(0, b)
	default:
		s.stepSkipping(b)
	}
}

func (s *splitter) stepSkipping(b byte) {
	newLine := bytes.HasSuffix(s.buf, []byte{'\n'})
	switch {
	case opensMisplaced(s.buf, b):
		s.reopen(openingSize, b)
	case newLine && (b == '{' || b == '['):
		s.reopen(0, b)
	case newLine && letter(b):
		s.reset()
		s.begin(b)
	default:
		s.drop(b)
	}
}

// reopen begins a document with the last n bytes of the skipped data and b.
func (s *splitter) reopen(n int, b byte) {
	first := bytes.Clone(last(s.buf, n))
	if s.skipped = max(0, s.skipped-int64(n)); s.skipped == 0 {
		s.reason = ""
	}
	s.buf = s.buf[:0]
	s.found = true
	s.openJSON(first...)
	s.stepJSON(b)
}

// stepDoubtful judges a document found in invalid data by what follows it: a value inside another document
// is followed by ',', '}' or ']'. What follows may still be the rest of a broken document that this
// one was written into, visitors' text included, so it cannot be a bare command before a newline or silence.
func (s *splitter) stepDoubtful(b byte) {
	switch {
	case b == '\n':
		s.before = '\n'
	case blank(b):
		s.before = '}'
	case b == ',' || b == '}' || b == ']':
		s.giveUp(Invalid)
		s.drop(b)
	default:
		before := s.before
		s.confirm()
		s.giveUp(Invalid)
		s.buf = append(s.buf, before)
		s.stepSkipping(b)
	}
}

func (s *splitter) confirm() {
	s.report()
	s.deliver()
	s.reset()
}

// put adds b to the document, or to the skipped data once the document is too long.
func (s *splitter) put(b byte) {
	switch {
	case s.tooLong:
		s.drop(b)
	case len(s.buf) < s.limit:
		s.buf = append(s.buf, b)
	default:
		s.discard(TooLarge)
		s.tooLong = true
		s.drop(b)
	}
}

// giveUp skips the current document for r and starts to look for the next one.
func (s *splitter) giveUp(r Reason) {
	if !s.tooLong {
		s.discard(r)
	}
	s.state, s.tooLong, s.found = skipping, false, false
}

// discard counts buf as skipped and keeps its tail. The first reason of a stretch stands.
func (s *splitter) discard(r Reason) {
	if s.reason == "" {
		s.reason = r
	}
	s.skipped += int64(len(s.buf))
	if cap(s.buf) > keepBuffer {
		s.buf = bytes.Clone(last(s.buf, tailSize))
		return
	}
	s.buf = append(s.buf[:0], last(s.buf, tailSize)...)
}

// drop counts p as skipped and keeps its tail.
func (s *splitter) drop(p ...byte) {
	s.skipped += int64(len(p))
	s.buf = append(s.buf, last(p, tailSize)...)
	if len(s.buf) > 4*tailSize {
		s.buf = append(s.buf[:0], last(s.buf, tailSize)...)
	}
	for s.skipped >= reportEvery {
		s.skip(Skipped{Reason: s.reason, Bytes: reportEvery})
		s.skipped -= reportEvery
	}
}

// deliver emits the document in buf.
func (s *splitter) deliver() {
	doc := bytes.Trim(s.buf, blanks)
	if cap(s.buf) > keepBuffer {
		s.buf = nil
	} else {
		doc = bytes.Clone(doc)
	}
	s.emit(doc)
}

func (s *splitter) report() {
	if s.skipped > 0 {
		s.skip(Skipped{Reason: s.reason, Bytes: s.skipped})
	}
	s.skipped = 0
}

// reset reports what was skipped and is between documents again.
func (s *splitter) reset() {
	s.report()
	s.state, s.tooLong, s.found, s.reason, s.buf = idle, false, false, "", s.buf[:0]
}

package fifo

import "bytes"

// intake gives what arrives to the splitter, but for the text of a single writer, which it delivers whole. It needs to be told of each
// read by itself: the kernel takes a write at once if it fits into the pipe, so a read that leaves the pipe empty ends where a write ended.
type intake struct {
	splitter *splitter
	limit    int
	emit     func(doc []byte)

	text  []byte // of one writer, so far
	atEnd bool   // what was read last ended where a write ended
	json  scanner
}

// take is given what a read returned, and how many writers have come since the read before. If that is nothing, they wrote what was read
// before.
func (in *intake) take(p []byte, writers int) {
	switch {
	case len(p) == 0 && writers > 0:
		in.divide()
		return
	case len(p) == 0:
		return
	case writers == 0:
	case len(in.text) > 0:
		in.endText()
	case writers > 0 && in.atEnd && in.splitter.state == inCommand:
		in.splitter.silence()
	}
	switch {
	case len(in.text) > 0 && len(in.text)+len(p) <= in.limit:
		in.text = append(in.text, p...)
	case len(in.text) > 0:
		in.divide()
		in.splitter.feed(p)
	case writers == 1 && in.splitter.state == idle && len(p) <= in.limit && !in.isJSON(p):
		in.text = bytes.Clone(p)
		if bytes.IndexByte(p, '\n') == len(p)-1 {
			in.endText()
		}
	default:
		in.splitter.feed(p)
	}
	in.atEnd = len(p) < readSize
}

// silence is told when nothing has come for [Config.Stall] after the beginning of a JSON document, for [Config.Quiet] in other cases.
func (in *intake) silence() {
	if len(in.text) > 0 {
		in.endText()
	}
	in.splitter.silence()
}

// divide lets the splitter cut the text into documents, which is not one writer's, or too long.
func (in *intake) divide() {
	in.splitter.feed(in.text)
	in.text = nil
}

func (in *intake) endText() {
	if doc := bytes.Trim(in.text, blanks); len(doc) > 0 {
		in.emit(doc)
	}
	in.text = nil
}

// isJSON reports whether p begins with JSON: with nothing but documents, or with one that is followed by a line break, or as one up to its
// first string. What goes wrong after that is broken JSON, but "[1] first" is a text.
func (in *intake) isJSON(p []byte) bool {
	inside, ended := false, false
	for _, b := range p {
		switch {
		case ended && !inside && b == '\n':
			return true
		case !inside && blank(b):
			continue
		case !inside && b != '{' && b != '[':
			return false
		case !inside:
			in.json.reset()
		}
		switch in.json.step(b) {
		case bad:
			return false
		case done:
			inside, ended = false, true
		case more:
			inside = true
		}
		if in.json.place == inString {
			return true
		}
	}
	return true
}

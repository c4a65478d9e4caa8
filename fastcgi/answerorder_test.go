package fastcgi

import (
	"errors"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestCheckEvents(t *testing.T) {
	for name, test := range map[string]struct {
		seqs []uint64
		ok   bool
	}{
		"one":        {[]uint64{5}, true},
		"ascending":  {[]uint64{1, 2, 9}, true},
		"none":       {nil, false},
		"zero":       {[]uint64{0, 1}, false},
		"twice":      {[]uint64{3, 3}, false},
		"descending": {[]uint64{3, 2}, false},
	} {
		if err := checkEvents(numbered(test.seqs...)); (err == nil) != test.ok {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestCheckEventsBoundsAndComparesEnvironments(t *testing.T) {
	for name, test := range map[string]struct {
		size          int
		first, second bool
		ok            bool
	}{
		"two clients":           {3, false, false, true},
		"both look":             {3, true, true, true},
		"one looks":             {3, false, true, false},
		"more than fits":        {maxContent + 1, false, false, false},
		"as much as fits twice": {maxContent, true, true, true},
	} {
		events := numbered(1, 2)
		events[0].Environment, events[1].Environment = []byte("a"), []byte(strings.Repeat("b", test.size))
		events[0].Parameters, events[1].Parameters = test.first, test.second
		if err := checkEvents(events); (err == nil) != test.ok {
			t.Errorf("%s: got %.200v", name, err)
		}
	}
}

func TestAnswerOrder(t *testing.T) {
	send := func(seq uint64) *protocol.Effect { return &protocol.Effect{Seq: seq, Send: &protocol.Send{}} }
	done := func(seq uint64) *protocol.Effect { return &protocol.Effect{Seq: seq, Done: &protocol.Done{}} }
	failed := func(seq uint64) *protocol.Effect { return &protocol.Effect{Seq: seq, Failed: &protocol.Failure{}} }
	for name, test := range map[string]struct {
		effects []*protocol.Effect
		ok      bool
		missing uint64
	}{
		"all ended":        {[]*protocol.Effect{send(3), done(3), failed(7), send(9), done(9)}, true, 0},
		"last one open":    {[]*protocol.Effect{done(3), done(7), send(9)}, true, 9},
		"cut by a failure": {[]*protocol.Effect{failed(3)}, true, 7},
		"nothing":          {nil, true, 3},
		"unknown":          {[]*protocol.Effect{send(4)}, false, 3},
		"out of turn":      {[]*protocol.Effect{send(7)}, false, 3},
		"after its end":    {[]*protocol.Effect{done(3), send(3)}, false, 7},
		"ended twice":      {[]*protocol.Effect{failed(3), done(3)}, false, 7},
		"after all ended":  {[]*protocol.Effect{done(3), done(7), done(9), send(9)}, false, 0},
	} {
		l := answerOrder{events: numbered(3, 7, 9)}
		var err error
		for _, e := range test.effects {
			err = l.accept(e)
		}
		missing := uint64(0)
		if e := l.unfinished(); e != nil {
			missing = e.Seq
		}
		if (err == nil) != test.ok || err != nil && !errors.Is(err, protocol.ErrMalformed) || missing != test.missing {
			t.Errorf("%s: got %v, missing %d", name, err, missing)
		}
	}
}

func numbered(seqs ...uint64) (events []*protocol.Event) {
	for _, seq := range seqs {
		events = append(events, &protocol.Event{Kind: protocol.Text, Seq: seq})
	}
	return events
}

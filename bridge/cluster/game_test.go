package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
)

// player is a machine of the lock game: in each round all want the same lock, and the leader gives it to the first it hears of, if it
// believes that nobody has it. Wishes and outcomes are in the log:
//
//	want ROUND         by a machine
//	gave ROUND NUMBER  by the leader, in its term
//	deny ROUND NUMBER  likewise, to whom is too late
//
// What a leader knows is what it has read, and what it has appended itself.
type player struct {
	*Member
	last      int // round
	afterEach func(round int, winner uint64)

	holders  map[int]uint64
	answered map[string]bool // "ROUND NUMBER"
	waiting  []string        // likewise, without an outcome
	term     uint64          // in which this machine leads as far as it has read, or 0
	ended    atomic.Int64    // rounds
}

// play plays until the last round has an outcome for this machine.
func (p *player) play(ctx context.Context) error {
	p.holders, p.answered = map[int]uint64{}, map[string]bool{}
	if err := p.replay(ctx, p.start); err != nil {
		return err
	}
	for {
		entries, err := p.Read(ctx)
		if err != nil && !errors.Is(err, ErrResync) {
			return fmt.Errorf("read: %w", err)
		}
		if err != nil {
			if err := p.replay(ctx, p.offset); err != nil {
				return err
			}
			continue
		}
		for _, e := range entries {
			round, isEnd := p.see(e)
			if isEnd && p.afterEach != nil {
				p.afterEach(round, p.holders[round])
			}
			if isEnd && round == p.last {
				p.decide(ctx)
				return nil
			}
			if isEnd {
				if err := p.want(ctx, round+1); err != nil {
					return err
				}
			}
		}
		p.decide(ctx)
	}
}

// want appends a wish. It may be there twice, if the first outcome was unknown: then it gets one outcome all the same.
func (p *player) want(ctx context.Context, round int) error {
	for {
		_, err := p.Append(ctx, fmt.Appendf(nil, "want %d", round))
		if err == nil || ctx.Err() != nil || p.Err() != nil {
			return err
		}
	}
}

// see takes an entry, and tells whether it ends a round.
func (p *player) see(e Entry) (round int, isEnd bool) {
	switch e.Kind {
	case Leads:
		p.term = 0
		if e.Number == p.Identity().Number {
			p.term = e.Term
		}
		return 0, false
	case Data:
	default:
		return 0, false
	}
	var verb string
	var number uint64
	if n, _ := fmt.Sscan(string(e.Data), &verb, &round, &number); n == 2 {
		number = e.Number
	}
	switch mark := fmt.Sprint(round, " ", number); verb {
	case "want":
		if !p.answered[mark] {
			p.waiting = append(p.waiting, mark)
		}
	case "gave":
		isEnd = round == int(p.ended.Load())+1
		p.holders[round], p.answered[mark] = number, true
		if isEnd {
			p.ended.Store(int64(round))
		}
	case "deny":
		p.answered[mark] = true
	}
	return round, isEnd
}

// decide decides what waits, as the leader. After an error its term is over as far as it is concerned.
func (p *player) decide(ctx context.Context) {
	waiting := p.waiting[:0]
	for _, mark := range p.waiting {
		if !p.answered[mark] {
			waiting = append(waiting, mark)
		}
	}
	p.waiting = waiting
	for _, mark := range waiting {
		if p.term == 0 || p.answered[mark] {
			continue
		}
		var round int
		var number uint64
		_, _ = fmt.Sscan(mark, &round, &number)
		verb := "deny"
		if p.holders[round] == 0 {
			verb = "gave"
		}
		if _, err := p.AppendAs(ctx, p.term, []byte(verb+" "+mark)); err != nil {
			p.term = 0
			return
		}
		p.answered[mark] = true
		if verb == "gave" {
			p.holders[round] = number
		}
	}
}

// replay reads the log, of which nothing has been trimmed, from its beginning up to where Read goes on.
func (p *player) replay(ctx context.Context, last uint64) error {
	for after := uint64(0); after < last; {
		entries, err := p.engine.Read(ctx, after, 1000, 1)
		if errors.Is(err, ErrAway) {
			continue
		}
		if err != nil {
			return fmt.Errorf("replay: %w", err)
		}
		for _, e := range entries {
			if after = e.Offset; after > last {
				break
			}
			p.see(e)
		}
		if len(entries) == 0 {
			break
		}
	}
	p.term = 0 // it ended with the membership
	if round := int(p.ended.Load()); round < p.last {
		return p.want(ctx, round+1)
	}
	return nil
}

// verdict looks through a whole log for locks with two holders, wishes with two outcomes, and entries of a term that had ended.
func verdict(log []Entry) (rounds, leaders int, faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	holders, outcomes := map[string]string{}, map[string]bool{}
	var leader, term uint64
	for i, e := range log {
		if i > 0 && e.Offset != log[i-1].Offset+1 {
			fault("entry %d follows on %d", e.Offset, log[i-1].Offset)
		}
		if e.Kind == Leads {
			if e.Term <= term {
				fault("term %d follows on %d", e.Term, term)
			}
			leaders, leader, term = leaders+1, e.Number, e.Term
		}
		words := strings.Fields(string(e.Data))
		if e.Kind != Data || words[0] == "want" {
			continue
		}
		if e.Number != leader || e.Term != term {
			fault("%q is of machine %d in term %d, and %d leads in %d", e.Data, e.Number, e.Term, leader, term)
		}
		if mark := words[1] + " " + words[2]; outcomes[mark] {
			fault("%s has two outcomes", mark)
		} else {
			outcomes[mark] = true
		}
		if words[0] == "gave" {
			if holder, has := holders[words[1]]; has {
				fault("lock %s has two holders: %s and %s", words[1], holder, words[2])
			}
			holders[words[1]] = words[2]
		}
	}
	return len(holders), leaders, faults
}

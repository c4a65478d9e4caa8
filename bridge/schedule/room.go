package schedule

import "container/list"

// room holds events that wait for the same place to run. It is guarded by the scheduler's mutex.
type room struct {
	lists   [listCount]list.List
	waiting int // events in lists
	running int // events that have been admitted
	resting int // of these, see Turn.Rest
	joined  int // of these, see Turn.Join
	alone   int // of these, events that run alone
	current int // the list whose turn it is
	quota   int // events that it may still admit in this turn
}

// count notes that an event has been admitted.
func (r *room) count(p *position) {
	r.running++
	if p.Alone {
		r.alone++
	}
}

// next returns the event that is to be admitted next, or nil. It moves on to the next list with an event, if the current one is empty or
// has used its quota.
func (r *room) next(quota int) *position {
	if r.waiting == 0 {
		return nil
	}
	for r.quota <= 0 || r.lists[r.current].Len() == 0 {
		r.current, r.quota = (r.current+1)%listCount, quota
	}
	return r.lists[r.current].Front().Value.(*position)
}

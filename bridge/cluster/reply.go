package cluster

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/rueidis"
)

// value is one of an answer: a text or a list.
type value struct{ message rueidis.RedisMessage }

func (v value) list() []value {
	values, _ := v.message.ToArray()
	return messages(values)
}

func messages(from []rueidis.RedisMessage) []value {
	values := make([]value, len(from))
	for i, m := range from {
		values[i] = value{m}
	}
	return values
}

// reply is an answer that is taken value by value. After the first error all values are zero.
type reply struct {
	values []value
	err    error
}

func (r *reply) next() (v value, ok bool) {
	if r.err == nil && len(r.values) == 0 {
		r.err = errors.New("an answer of redis is too short")
	}
	if r.err != nil {
		return value{}, false
	}
	v, r.values = r.values[0], r.values[1:]
	return v, true
}

func (r *reply) text() (s string) {
	if v, ok := r.next(); ok {
		s, r.err = v.message.ToString()
	}
	return s
}

func (r *reply) number() uint64 { return r.parse(r.text()) }

func (r *reply) parse(text string) uint64 {
	if r.err != nil {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		r.err = fmt.Errorf("an answer of redis has %.40q where a number is due", text)
	}
	return n
}

// duration takes milliseconds, which may be negative.
func (r *reply) duration() time.Duration {
	text := r.text()
	if r.err != nil {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		r.err = fmt.Errorf("an answer of redis has %.40q where milliseconds are due", text)
	}
	return time.Duration(n) * time.Millisecond
}

func (r *reply) list() []value {
	v, ok := r.next()
	if !ok {
		return nil
	}
	return v.list()
}

func sortPeers(p []Peer) {
	slices.SortFunc(p, func(a, b Peer) int { return cmp.Compare(a.Number, b.Number) })
}

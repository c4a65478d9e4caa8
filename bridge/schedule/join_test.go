package schedule

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// sharer is an event that takes others along. It runs for a second.
type sharer struct {
	Place
	party *party
	name  string
	terms Terms
	back  bool // it is put back when it was taken along, and is not again
}

// party notes which events ran together.
type party struct {
	scheduler *Scheduler
	group     sync.WaitGroup
	mu        sync.Mutex // guards ran
	ran       []string
}

func (p *party) add(name string, terms Terms) *Queue {
	q := p.scheduler.NewQueue(8, 8)
	q.Add(&sharer{party: p, name: name, terms: terms, back: strings.HasSuffix(name, "back")})
	synctest.Wait()
	return q
}

func (e *sharer) Size() int    { return 1 }
func (e *sharer) Terms() Terms { return e.terms }
func (e *sharer) Drop()        {}

func (e *sharer) Run(turn *Turn, err error) bool {
	if err != nil {
		e.party.note(e.name + ":" + err.Error())
		return true
	}
	names := []string{e.name}
	var together, back []Joined
	for _, j := range turn.Join(e.terms.Share) {
		if other := j.Event.(*sharer); other.back {
			other.back, other.terms.Share = false, 0
			back = append(back, j)
		} else {
			names, together = append(names, other.name), append(together, j)
		}
	}
	for i := len(back) - 1; i >= 0; i-- {
		back[i].Turn.PutBack(back[i].Event)
	}
	e.party.note(strings.Join(names, "+"))
	for _, j := range together {
		j.Turn.End()
	}
	time.Sleep(time.Second)
	return true
}

func (p *party) note(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ran = append(p.ran, what)
}

func TestEventsThatWaitAreTakenAlong(t *testing.T) {
	share := func(n int) Terms { return Terms{Share: n} }
	for name, test := range map[string]struct {
		add  func(*party)
		want string
	}{
		"up to the limit": {func(p *party) {
			for _, name := range []string{"a", "b", "c", "d"} {
				p.add(name, share(3))
			}
		}, "first a+b+c d"},
		"up to the limit of one of them": {func(p *party) { p.add("a", share(9)); p.add("b", share(2)); p.add("c", share(9)) }, "first a+b c"},
		"not past one that does not share": {func(p *party) {
			p.add("a", share(9))
			p.add("no", Terms{})
			p.add("b", share(9))
		}, "first a no b"},
		"not while one that runs alone is next": {func(p *party) {
			p.add("a", share(9))
			p.add("alone", Terms{Alone: true})
			p.add("b", share(9))
			p.add("c", share(9))
		}, "first a alone b+c"},
		"of each queue one, in order": {func(p *party) {
			q := p.add("a1", share(9))
			q.Add(&sharer{party: p, name: "a2", terms: share(9)})
			p.add("b", share(9))
		}, "first a1+b a2"},
		"of each session one": {func(p *party) {
			p.add("a", Terms{Share: 9, Session: "s"})
			p.add("b", Terms{Share: 9, Session: "s"})
			p.add("c", share(9))
		}, "first a+c b"},
		"put back before others": {func(p *party) {
			p.add("a", share(9))
			p.add("1-back", share(9))
			p.add("2-back", share(9))
			p.add("no", Terms{})
		}, "first a 1-back 2-back no"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &party{}
				p.scheduler = New(1, &p.group)
				p.add("first", Terms{})
				test.add(p)
				p.group.Wait()
				p.scheduler.Close()
				if got := strings.Join(p.ran, " "); got != test.want {
					t.Errorf("got %s, want %s", got, test.want)
				}
				if r := p.scheduler.outside; r.running != 0 || r.joined != 0 || r.waiting != 0 || len(p.scheduler.sessions) != 0 {
					t.Errorf("at the end: %d run, %d joined, %d wait", r.running, r.joined, r.waiting)
				}
			})
		})
	}
}

// While events are paused or will not run any more, none is taken along.
func TestNoneIsTakenAlongInAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &party{}
		p.scheduler = New(1, &p.group)
		p.add("first", Terms{})
		p.add("a", Terms{Share: 9})
		p.add("b", Terms{Share: 9})
		p.scheduler.Pause()
		time.Sleep(5 * time.Second)
		p.scheduler.Resume()
		p.group.Wait()
		p.scheduler.Close()
		if got := strings.Join(p.ran, " "); got != "first a+b" {
			t.Errorf("got %s", got)
		}
	})
}

package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// follower is a member and what it has read.
type follower struct {
	tb testing.TB
	*Member

	mu      sync.Mutex
	entries []Entry
	resyncs int
	done    chan struct{}
}

// follow starts a member at a URL, and reads what it is told. Both end with the test.
func follow(tb testing.TB, url string, o Options) *follower {
	tb.Helper()
	if o.Lease == 0 {
		o.Lease = patient // nobody lapses, so that what is waited for does not come about by that
	}
	if o.Settle == 0 {
		o.Settle = time.Millisecond
	}
	engine := OpenRedis(mustParse(tb, url), "test")
	o.Logger = slog.New(slog.NewTextHandler(tb.Output(), nil))
	m, err := Start(within(tb), engine, o)
	if err != nil {
		engine.Close()
		tb.Fatal(err)
	}
	f := &follower{tb: tb, Member: m, done: make(chan struct{})}
	go f.run()
	tb.Cleanup(func() {
		f.close()
		engine.Close()
	})
	return f
}

// close leaves the cluster, if it can.
func (f *follower) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = f.Close(ctx)
	<-f.done
}

func (f *follower) run() {
	defer close(f.done)
	for {
		entries, err := f.Read(context.Background())
		f.mu.Lock()
		f.entries = append(f.entries, entries...)
		if errors.Is(err, ErrResync) {
			f.resyncs++
			err = nil
		}
		f.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// data returns the texts that were read.
func (f *follower) data() (texts []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.entries {
		if e.Kind == Data {
			texts = append(texts, string(e.Data))
		}
	}
	return texts
}

func (f *follower) resynced() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.resyncs
}

func (f *follower) mustAppend(texts ...string) uint64 {
	f.tb.Helper()
	offset, err := f.Append(within(f.tb), bytesOf(texts)...)
	if err != nil {
		f.tb.Fatal(err)
	}
	return offset
}

func bytesOf(texts []string) (data [][]byte) {
	for _, text := range texts {
		data = append(data, []byte(text))
	}
	return data
}

func (f *follower) number() uint64 { return f.Identity().Number }

func (f *follower) mustKey() int64 {
	f.tb.Helper()
	key, err := f.NextKey(within(f.tb))
	if err != nil {
		f.tb.Fatal(err)
	}
	return key
}

// leaderOf waits until all agree on who leads, and returns it.
func leaderOf(tb testing.TB, all ...*follower) (leads *follower) {
	tb.Helper()
	wait(tb, "a leader that all know", func() bool {
		first, _ := all[0].View()
		leads = nil
		for _, f := range all {
			v, _ := f.View()
			if v.Leader == 0 || v.Leader != first.Leader {
				return false
			}
			if f.Leads() != 0 {
				leads = f
			}
		}
		return leads != nil
	})
	return leads
}

func without(all []*follower, f *follower) []*follower {
	return slices.DeleteFunc(slices.Clone(all), func(o *follower) bool { return o == f })
}

func TestAllReadTheSame(t *testing.T) {
	s := startServer(t)
	var all []*follower
	for i := range 3 {
		all = append(all, follow(t, s.url(), Options{Name: fmt.Sprint("m", i)}))
	}
	var appenders sync.WaitGroup
	for _, f := range all {
		for g := range 4 {
			appenders.Go(func() {
				for i := range 100 {
					if _, err := f.Append(within(t), fmt.Appendf(nil, "%d-%d-%d", f.number(), g, i)); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	appenders.Wait()
	wait(t, "all entries", func() bool {
		return !slices.ContainsFunc(all, func(f *follower) bool { return len(f.data()) < 1200 })
	})
	want := all[0].data()
	for _, f := range all {
		if got := f.data(); !slices.Equal(got, want) || f.resynced() != 0 {
			t.Errorf("%d has read something else: %d resyncs", f.number(), f.resynced())
		}
	}
	wantEachInOrder(t, want, 3*4, 100)
}

// wantEachInOrder looks whether texts like "1-2-3" count to n for each prefix, in order and once.
func wantEachInOrder(tb testing.TB, texts []string, prefixes, n int) {
	tb.Helper()
	next := map[string]int{}
	for _, text := range texts {
		var a, b, i int
		if _, err := fmt.Sscanf(text, "%d-%d-%d", &a, &b, &i); err != nil {
			tb.Fatal(err)
		}
		prefix := fmt.Sprint(a, "-", b)
		if i != next[prefix] {
			tb.Fatalf("%s follows on %s-%d", text, prefix, next[prefix]-1)
		}
		next[prefix]++
	}
	if len(next) != prefixes {
		tb.Errorf("%d have appended, want %d", len(next), prefixes)
	}
	for prefix, seen := range next {
		if seen != n {
			tb.Errorf("%s: %d of %d", prefix, seen, n)
		}
	}
}

// A leader that leaves or resigns is followed at once: no lease has to end.
func TestHandover(t *testing.T) {
	s := startServer(t)
	var all []*follower
	for i := range 4 {
		all = append(all, follow(t, s.url(), Options{Observer: i == 3}))
	}
	first := leaderOf(t, all...)
	term := first.Leads()
	if err := first.Resign(within(t)); err != nil {
		t.Fatal(err)
	}
	wait(t, "another leader", func() bool { f := leaderOf(t, all...); return f != first })
	_, err := first.AppendAs(within(t), term, []byte("x"))
	wantError(t, "append", err, ErrNotLeader)

	second := leaderOf(t, all...)
	left := without(all, second)
	second.close()
	third := leaderOf(t, left...)
	if third == second || third == all[3] {
		t.Error("the wrong machine leads")
	}
	if err := errors.Join(second.Close(within(t)), second.Close(within(t))); err != nil || second.Err() != ErrClosed {
		t.Error("closed again:", err, second.Err())
	}
	_, err = second.Append(within(t), []byte("x"))
	wantError(t, "append after Close", err, ErrClosed)
	_, err = second.NextKey(within(t))
	if err == nil { // there were some left
		for err == nil {
			_, err = second.NextKey(within(t))
		}
	}
	wantError(t, "keys after Close", err, ErrClosed)
}

func TestKeys(t *testing.T) {
	s := startServer(t)
	all := []*follower{follow(t, s.url(), Options{}), follow(t, s.url(), Options{KeyBlock: 1}), follow(t, s.url(), Options{KeyBlock: 7})}
	var mu sync.Mutex
	seen := map[int64]bool{}
	var takers sync.WaitGroup
	for _, f := range all {
		takers.Go(func() {
			for last := int64(0); ; {
				key := f.mustKey()
				mu.Lock()
				twice, n := seen[key], len(seen)
				seen[key] = true
				mu.Unlock()
				if twice || key <= last {
					t.Errorf("%d has got %d after %d; twice: %v", f.number(), key, last, twice)
				}
				if last = key; n > 2000 {
					return
				}
			}
		})
	}
	takers.Wait()
}

func TestStartWaitsForTheServer(t *testing.T) {
	port := freePort(t)
	url := fmt.Sprintf("redis://127.0.0.1:%d", port)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := Start(ctx, open(t, url), Options{})
	if !errors.Is(err, ErrAway) || !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	started := make(chan error)
	engine := open(t, url)
	go func() {
		m, err := Start(within(t), engine, Options{Lease: time.Second})
		if err == nil {
			err = m.Close(within(t))
		}
		started <- err
	}()
	startServerAt(t, port)
	if err := <-started; err != nil {
		t.Error(err)
	}
}

func TestAppendsThatAreRefused(t *testing.T) {
	s := startServer(t)
	f := follow(t, s.url(), Options{})
	for _, data := range [][][]byte{nil, {make([]byte, MaxEntry+1)}, make([][]byte, maxBatch+1)} {
		if _, err := f.Append(within(t), data...); err == nil {
			t.Errorf("%d entries are taken", len(data))
		}
	}
	_, err := f.AppendAs(within(t), 0, []byte("x"))
	wantError(t, "append", err, ErrNotLeader)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.signal(syscall.SIGSTOP)
	_, err = f.Append(ctx, []byte("x"))
	wantError(t, "append", err, context.Canceled)
	s.signal(syscall.SIGCONT)
}

// The largest entries come through, though each is a batch of its own.
func TestLargeEntries(t *testing.T) {
	s := startServer(t)
	a, b := follow(t, s.url(), Options{}), follow(t, s.url(), Options{})
	data := make([]byte, 16<<20)
	data[len(data)-1] = 'x'
	if _, err := a.Append(within(t), data); err != nil {
		t.Fatal(err)
	}
	wait(t, "the entry", func() bool { texts := b.data(); return len(texts) == 1 && texts[0] == string(data) })
}

package cluster

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

//go:embed script/*.lua
var scripts embed.FS

// Redis is an Engine on Redis from 6.2 on, or Valkey. Its keys begin with the prefix, so that several applications can share one.
type Redis struct {
	conn *connection
	keys []string
	log  string
	step map[string]*rueidis.Lua
}

var _ Engine = (*Redis)(nil)

// OpenRedis returns the engine at an address, without waiting for it. It has to be closed.
func OpenRedis(a Address, prefix string) *Redis {
	r := &Redis{conn: newConnection(a), step: map[string]*rueidis.Lua{}}
	for _, name := range []string{"meta", "leases", "members", "log", "expelled"} {
		r.keys = append(r.keys, "{"+prefix+"}:"+name)
	}
	r.log = r.keys[3]
	for _, name := range []string{"join", "beat", "keys", "append", "resign", "leave", "expel"} {
		r.step[name] = rueidis.NewLuaScript(mustScript("prelude") + mustScript(name))
	}
	return r
}

func mustScript(name string) string {
	text, err := scripts.ReadFile("script/" + name + ".lua")
	if err != nil {
		panic(err)
	}
	return string(text)
}

// Check asks Redis what it is, and refuses one that cannot do: too old, a Redis Cluster, or one that evicts keys.
func (r *Redis) Check(ctx context.Context) (Server, error) { return r.check(ctx) }

// Close closes the connections. Calls that wait return an error.
func (r *Redis) Close() { r.conn.Close() }

// Join implements Engine. It checks the server first, as it may be another one than before.
func (r *Redis) Join(ctx context.Context, c Claim) (id Identity, offset uint64, err error) {
	if _, err := r.check(ctx); err != nil {
		return id, 0, err
	}
	args := append(identify(c.Identity), c.Token, c.Name, millis(c.Lease), millis(c.Settle), rand.Text()[:8],
		number(c.Known.Machine), strconv.FormatInt(c.Known.Key, 10), number(c.Known.Term), number(c.Known.Offset))
	for _, n := range c.Expelled {
		args = append(args, number(n))
	}
	p := r.run(ctx, "join", args)
	id = Identity{Generation: p.text(), Number: p.number(), Epoch: p.number()}
	offset = p.number()
	return id, offset, p.err
}

// Beat implements Engine.
func (r *Redis) Beat(ctx context.Context, id Identity, u Pulse) (View, error) {
	candidate := "0"
	if u.Candidate {
		candidate = "1"
	}
	p := r.run(ctx, "beat", append(identify(id), number(u.Read), candidate, millis(u.Lease), strconv.Itoa(u.MaxLog), u.Note))
	v := View{Marks: Marks{Offset: p.number(), Key: int64(p.number()), Machine: p.number(), Term: p.number()}}
	v.Leader, v.Term, v.Settling = p.number(), p.number(), p.duration()
	for _, m := range p.list() {
		q := &reply{values: m.list(), err: p.err}
		v.Members = append(v.Members, Peer{q.number(), q.number(), q.duration(), q.number(), q.text(), q.text()})
		p.err = q.err
	}
	for _, m := range p.list() {
		q := &reply{values: []value{m}, err: p.err}
		v.Expelled = append(v.Expelled, q.number())
		p.err = q.err
	}
	sortPeers(v.Members)
	return v, p.err
}

// TakeKeys implements Engine.
func (r *Redis) TakeKeys(ctx context.Context, id Identity, n int) (last int64, err error) {
	p := r.run(ctx, "keys", append(identify(id), strconv.Itoa(n)))
	return int64(p.number()), p.err
}

// Append implements Engine.
func (r *Redis) Append(ctx context.Context, id Identity, b Batch) (first uint64, err error) {
	args := append(identify(id), number(b.Term), number(b.Seq))
	for _, data := range b.Data {
		args = append(args, rueidis.BinaryString(data))
	}
	p := r.run(ctx, "append", args)
	return p.number(), p.err
}

// Resign implements Engine.
func (r *Redis) Resign(ctx context.Context, id Identity) error {
	return r.run(ctx, "resign", identify(id)).err
}

// Leave implements Engine.
func (r *Redis) Leave(ctx context.Context, id Identity) error {
	return r.run(ctx, "leave", identify(id)).err
}

// Expel implements Engine.
func (r *Redis) Expel(ctx context.Context, id Identity, term, target uint64) error {
	return r.run(ctx, "expel", append(identify(id), number(term), number(target))).err
}

// Read implements Engine.
func (r *Redis) Read(ctx context.Context, after uint64, n int, wait time.Duration) ([]Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, wait+answerTimeout) // the library sets no deadline of its own for what blocks
	defer cancel()
	client, err := r.conn.get(ctx)
	if err != nil {
		return nil, r.away(err)
	}
	cmd := client.B().Xread().Count(int64(n)).Block(max(1, wait.Milliseconds())).Streams().Key(r.log).Id(number(after) + "-0").Build()
	streams, err := client.Do(ctx, cmd).AsXRead()
	if rueidis.IsRedisNil(err) {
		return nil, nil
	}
	if err != nil {
		return nil, r.away(err)
	}
	entries := make([]Entry, 0, len(streams[r.log]))
	for _, e := range streams[r.log] {
		entry, err := parseEntry(e)
		if err != nil {
			return entries, fmt.Errorf("read log of redis: entry %s: %w", e.ID, err)
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

func parseEntry(x rueidis.XRangeEntry) (e Entry, err error) {
	f := x.FieldValues
	if len(f["k"]) != 1 {
		return e, errors.New("its kind is not one character")
	}
	offset, _, _ := strings.Cut(x.ID, "-")
	p := &reply{}
	e.Offset = p.parse(offset)
	e.Kind, e.Number, e.Term, e.Seq, e.Data = Kind(f["k"][0]), p.parse(f["n"]), p.parse(f["t"]), p.parse(f["s"]), []byte(f["d"])
	return e, p.err
}

// run runs a step, and once only.
func (r *Redis) run(ctx context.Context, name string, args []string) *reply {
	client, err := r.conn.get(ctx)
	if err != nil {
		return &reply{err: r.away(err)}
	}
	values, err := r.step[name].Exec(ctx, client, r.keys, args).ToArray()
	if err != nil {
		return &reply{err: r.away(err)}
	}
	p := &reply{values: messages(values)}
	p.err = refused(p)
	return p
}

// refused turns the first word of an answer into an error.
func refused(p *reply) error {
	switch word := p.text(); word {
	case "OK":
		return p.err
	case "LAPSED":
		return fmt.Errorf("%w: %s", ErrLapsed, p.text())
	case "EXPELLED":
		return ErrExpelled
	case "SETTLING":
		return fmt.Errorf("%w for another %s", ErrSettling, p.duration())
	case "NOTLEADER":
		return ErrNotLeader
	case "ALIVE":
		return ErrAlive
	case "FORMAT":
		return fmt.Errorf("redis has a cluster of format %s, which another version of wsbridge has written", p.text())
	default:
		return fmt.Errorf("unexpected answer of redis: %.40q", word)
	}
}

// away tells what an error of the library means.
func (r *Redis) away(err error) error {
	if e, ok := rueidis.IsRedisErr(err); ok {
		switch text := e.Error(); {
		case strings.HasPrefix(text, "OOM"), strings.Contains(text, "OOM command not allowed"):
			return fmt.Errorf("%w: %s", ErrFull, text)
		default: // READONLY, LOADING, MASTERDOWN, NOREPLICAS, MISCONF, BUSY, NOPERM, WRONGPASS: operators must know which
			return fmt.Errorf("%w: %s: %s", ErrAway, r.conn.address, text)
		}
	}
	if errors.Is(err, ErrClosed) || errors.Is(err, rueidis.ErrClosing) {
		return ErrClosed
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %s: no answer in time", ErrAway, r.conn.address)
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%w: %s: %w", ErrAway, r.conn.address, err)
}

func identify(id Identity) []string {
	return []string{id.Generation, number(id.Number), number(id.Epoch)}
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

package journal

import (
	"reflect"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC).Local()

func mustOpen(t testing.TB, dir string, o Options) *Journal {
	t.Helper()
	j, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func mustClose(t testing.TB, j *Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

func mustAccept(t testing.TB, j *Journal, payload string) uint64 {
	t.Helper()
	id, err := j.Accept(t.Context(), Document{Source: "pipe", Payload: []byte(payload), Since: noon})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func mustBegin(t testing.TB, j *Journal, id, seq uint64) {
	t.Helper()
	if err := j.Begin(t.Context(), id, seq); err != nil {
		t.Fatal(err)
	}
}

func mustOwe(t testing.TB, j *Journal, c Client) {
	t.Helper()
	if err := j.Owe(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

// waitingIDs returns the ids of all documents that wait.
func waitingIDs(t testing.TB, j *Journal) (ids []uint64) {
	t.Helper()
	waiting, err := j.Waiting(0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range waiting {
		ids = append(ids, w.ID)
	}
	return ids
}

func fields(pairs ...string) (f protocol.Fields) {
	for i := 0; i < len(pairs); i += 2 {
		f = append(f, protocol.Field{Name: pairs[i], Value: []byte(pairs[i+1])})
	}
	return f
}

// aClient returns a client with all that a client can have.
func aClient(key int64) Client {
	return Client{Key: key, Peer: "192.0.2.1:5", Session: "abc", Environment: []byte("env"), ConnectedAt: noon, Row: fields("state", `"OPEN"`)}
}

func TestEverythingOutlivesTheProcess(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{Sync: time.Second})
	if left := j.Left(); !reflect.DeepEqual(left, Left{}) {
		t.Errorf("a new journal has left %+v", left)
	}
	begun, waiting, ended := mustAccept(t, j, "begun"), mustAccept(t, j, "waiting"), mustAccept(t, j, "ended")
	mustBegin(t, j, begun, 7)
	mustBegin(t, j, ended, 8)
	j.End(ended)
	mustOwe(t, j, aClient(5))
	mustOwe(t, j, aClient(6))
	mustOwe(t, j, aClient(9))
	j.SetRow(5, fields("state", `"OPEN"`, "name", `"first"`))
	j.SetRow(5, fields("state", `"OPEN"`, "name", `"second"`))
	j.SetRow(10, fields("name", `"nobody"`))
	if err := j.BeginClose(t.Context(), 6, 9); err != nil {
		t.Fatal(err)
	}
	j.Settle(9)
	j.SetGlobals(fields("a", "1", "b", "2"), nil)
	j.SetGlobals(fields("c", "3"), []string{"a"})
	mustClose(t, j)

	j = mustOpen(t, dir, Options{Sync: time.Second})
	with, closing := aClient(5), aClient(6)
	with.Row = fields("state", `"OPEN"`, "name", `"second"`)
	closing.Begun, closing.Seq = true, 9
	want := Left{
		Crashed: true, Seq: 7 + sequenceBlock, LastKey: 9,
		Begun:   []Begun{{Waiting{begun, 5, "pipe", noon}, 7}},
		Clients: []Client{with, closing}, Globals: fields("b", "2", "c", "3"),
		Documents: 1, DocumentBytes: 7 + DocumentOverhead, Oldest: noon,
	}
	if left := j.Left(); !reflect.DeepEqual(left, want) {
		t.Errorf("left\n%+v, want\n%+v", left, want)
	}
	for id, payload := range map[uint64]string{begun: "begun", waiting: "waiting"} {
		if d, err := j.Document(id); err != nil || !reflect.DeepEqual(d, Document{"pipe", []byte(payload), noon}) {
			t.Errorf("document %d is %+v, %v", id, d, err)
		}
	}
	if ids := waitingIDs(t, j); !reflect.DeepEqual(ids, []uint64{waiting}) {
		t.Errorf("documents %v wait, want %d", ids, waiting)
	}
	if id := mustAccept(t, j, "next"); id <= ended {
		t.Errorf("the next id is %d, after %d", id, ended)
	}
}

func TestOrderlyEnd(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	mustAccept(t, j, "waiting")
	begun := mustAccept(t, j, "begun")
	mustBegin(t, j, begun, 7)
	j.End(begun)
	mustOwe(t, j, aClient(5))
	j.Settle(5)
	j.SetGlobals(fields("a", "1"), nil)
	j.Finish()
	mustClose(t, j)
	j = mustOpen(t, dir, Options{})
	want := Left{Documents: 1, DocumentBytes: 7 + DocumentOverhead, Oldest: noon}
	if left := j.Left(); !reflect.DeepEqual(left, want) {
		t.Errorf("left\n%+v, want\n%+v", left, want)
	}
}

package journal

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"
)

// begunOf returns the documents and clients whose events had begun when a process was killed that held a folder.
func begunOf(t testing.TB, dir string) (documents []uint64, clients []int64) {
	t.Helper()
	left := leftOf(t, dir)
	for _, b := range left.Begun {
		documents = append(documents, b.ID)
		if b.Seq != 100+b.ID {
			t.Errorf("document %d has begun as event %d", b.ID, b.Seq)
		}
	}
	for _, c := range left.Clients {
		if c.Begun {
			clients = append(clients, c.Key)
		}
	}
	return documents, clients
}

func mustBeginClose(t testing.TB, j *Journal, key int64) {
	t.Helper()
	if err := j.BeginClose(t.Context(), key, uint64(100+key)); err != nil {
		t.Fatal(err)
	}
}

// TestMoreBeginThanThereArePlaces: what finds no place is in the store, and both outlive the process.
func TestMoreBeginThanThereArePlaces(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{Sync: time.Hour})
	var documents []uint64
	var clients []int64
	for key := range int64(placeCount/2 + 10) {
		id := mustAccept(t, j, "text")
		mustOwe(t, j, aClient(key+1))
		mustBegin(t, j, id, 100+id)
		mustBeginClose(t, j, key+1)
		documents, clients = append(documents, id), append(clients, key+1)
	}
	waits := mustAccept(t, j, "waits")
	wantBegun := func(dir string) {
		t.Helper()
		if d, c := begunOf(t, dir); !slices.Equal(d, documents) || !slices.Equal(c, clients) {
			t.Errorf("%d documents and %d clients have begun, want %d and %d", len(d), len(c), len(documents), len(clients))
		}
	}
	first := killed(t, dir)
	wantBegun(first)
	wantBegun(first) // also if the next process only opens it
	for _, of := range []int{0, len(documents) - 1} {
		j.Return(documents[of])
		j.ReturnClose(clients[of])
	}
	j.Return(waits) // it has not begun
	mustBegin(t, j, documents[1], 100+documents[1])
	documents, clients = documents[1:len(documents)-1], clients[1:len(clients)-1]
	mustAccept(t, j, "the last to be written")
	wantBegun(killed(t, dir))
	for i, id := range documents {
		j.End(id)
		j.Settle(clients[i])
	}
	documents, clients = nil, nil
	mustAccept(t, j, "the last to be written")
	wantBegun(killed(t, dir))
	waitFor(t, "places are not free", func() bool {
		j.places.mu.Lock()
		defer j.places.mu.Unlock()
		return len(j.places.free) == placeCount
	})
}

// TestPlacesOfAnEarlierOpening: keys begin anew after an orderly end, so that a place may name another client then.
func TestPlacesOfAnEarlierOpening(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{Sync: time.Hour})
	mustOwe(t, j, aClient(1))
	mustBeginClose(t, j, 1)
	j.Settle(1)
	j.Finish()
	mustClose(t, j)
	j = mustOpen(t, dir, Options{Sync: time.Hour})
	mustOwe(t, j, aClient(1))
	if _, clients := begunOf(t, killed(t, dir)); len(clients) > 0 {
		t.Errorf("the close event of another client has begun: %v", clients)
	}
}

// TestPowerCutAfterAnEnd: what a power cut leaves of a document is its begin, if that had been synced, although its end was lost with the log
// and its place was free for another one.
func TestPowerCutAfterAnEnd(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{Sync: time.Hour})
	first := mustAccept(t, j, "first")
	mustBegin(t, j, first, 100+first)
	mustOwe(t, j, aClient(7))
	mustBeginClose(t, j, 7)
	j.sync()
	synced := fileSize(t, onlyFile(t, dir, "*.log"))
	j.End(first)
	j.Settle(7)
	for range 3 {
		id := mustAccept(t, j, "next")
		mustBegin(t, j, id, 100+id)
	}
	lost := killed(t, dir)
	if err := os.Truncate(onlyFile(t, lost, "*.log"), synced); err != nil {
		t.Fatal(err)
	}
	setBoot(t, lost)
	if documents, clients := begunOf(t, lost); !slices.Equal(documents, []uint64{first}) || !slices.Equal(clients, []int64{7}) {
		t.Errorf("after a power cut documents %v and clients %v have begun", documents, clients)
	}
	j.sync()
	waitFor(t, "places are not free", func() bool {
		j.places.mu.Lock()
		defer j.places.mu.Unlock()
		return len(j.places.free) == placeCount-3
	})
}

// TestDamagedPlaces: a byte that is wrong, and a file that is too short or missing, are damage; what else can be read is saved.
func TestDamagedPlaces(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{Sync: time.Hour})
	ids := []uint64{mustAccept(t, j, "first"), mustAccept(t, j, "second"), mustAccept(t, j, "third")}
	mustBegin(t, j, ids[0], 100+ids[0])
	mustBegin(t, j, ids[1], 100+ids[1])
	for name, damage := range map[string]func(path string) error{
		"kind":      func(path string) error { flip(t, path, 0); return nil },
		"number":    func(path string) error { flip(t, path, 8); return nil },
		"checksum":  func(path string) error { flip(t, path, placeSize-1); return nil },
		"no place":  func(path string) error { flip(t, path, placeSize*(placeCount-1)); return nil },
		"too short": func(path string) error { return os.Truncate(path, placeSize*placeCount-1) },
		"missing":   os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			dir := killed(t, dir)
			path := filepath.Join(dir, begunName)
			if err := damage(path); err != nil {
				t.Fatal(err)
			}
			wantDamaged(t, dir, path)
			s, err := SetAside(dir)
			if err != nil || len(s.Lost) != 1 || s.Documents+s.Begun != 3 {
				t.Errorf("got %+v, %v", s, err)
			}
		})
	}
}

// TestFormat1: a journal that was made before there were places is read, with what it has, and is of the newest format then.
func TestFormat1(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{Sync: time.Hour})
	begun, waits := mustAccept(t, j, "begun"), mustAccept(t, j, "waits")
	j.mu.Lock()
	j.group().set(numberKey(kindBegun, begun), encodeNumbers(100+begun)) // as it was noted then
	j.mu.Unlock()
	mustAccept(t, j, "the last to be written")
	dir = killed(t, dir)
	for name, text := range map[string]string{formatName: "1\n", begunName: ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if c, err := Inspect(dir); err != nil || len(c.Begun) != 1 {
		t.Errorf("inspected %+v, %v", c, err)
	}
	damaged := killed(t, dir)
	flip(t, onlyFile(t, damaged, "*.log"), 30) // in the first record
	if s, err := SetAside(damaged); err != nil || len(s.Lost) != 1 || s.Begun != 1 {
		t.Errorf("saved %+v, %v", s, err)
	}
	if got, _ := begunOf(t, dir); !slices.Equal(got, []uint64{begun}) {
		t.Errorf("have begun: %v", got)
	}
	j = mustOpen(t, dir, Options{Sync: time.Hour})
	if got := waitingIDs(t, j); !reflect.DeepEqual(got[:1], []uint64{waits}) {
		t.Errorf("%v wait", got)
	}
	mustBegin(t, j, waits, 100+waits)
	if got, _ := begunOf(t, killed(t, dir)); !slices.Equal(got, []uint64{begun, waits}) {
		t.Errorf("have begun: %v", got)
	}
	if has, err := readFormat(dir); has != format || err != nil {
		t.Errorf("the format is %d, %v", has, err)
	}
}

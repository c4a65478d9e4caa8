package fastcgi

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestPresenceHasTwoBitsForEachClient(t *testing.T) {
	p := newPresence(t)
	for _, row := range []struct {
		client          int64
		connected, open bool
		at              int64
		want            byte
	}{
		{1, true, false, 0, 0b0000_0100},
		{1, true, true, 0, 0b0000_1100},
		{3, true, true, 0, 0b1100_1100},
		{1, false, true, 0, 0b1100_1000},
		{1, false, false, 0, 0b1100_0000},
		{40_000, true, true, 10_000, 0b0000_0011},
	} {
		if err := p.Set(row.client, row.connected, row.open); err != nil {
			t.Fatal(err)
		}
		if got := readAt(t, p, row.at); got != row.want {
			t.Errorf("client %d: got %08b, want %08b", row.client, got, row.want)
		}
	}
}

func TestPresenceOfClientsLongGoneTakesNoSpace(t *testing.T) {
	p := newPresence(t)
	const stays = 7
	for client := int64(1); client < 40*pageSize*clientsPerByte; client += 3 {
		if err := p.Set(client, true, true); err != nil {
			t.Fatal(err)
		}
		if client != stays {
			if err := p.Set(client, false, false); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := readAt(t, p, 1); got != 0b1100_0000 {
		t.Errorf("client %d is %08b", stays, got)
	}
	if len(p.pages) > 2 {
		t.Errorf("%d pages are kept", len(p.pages))
	}
	var stat unix.Stat_t
	if err := unix.Fstat(int(p.file.Fd()), &stat); err != nil {
		t.Fatal(err)
	}
	if stat.Blocks > 8*pageSize/512 {
		t.Errorf("the file takes %d blocks", stat.Blocks)
	}
}

func newPresence(t *testing.T) *Presence {
	t.Helper()
	p, err := CreatePresence(filepath.Join(t.TempDir(), "presence"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func readAt(t *testing.T, p *Presence, at int64) byte {
	t.Helper()
	b, err := os.ReadFile(p.file.Name())
	if err != nil {
		t.Fatal(err)
	}
	if at >= int64(len(b)) {
		return 0
	}
	return b[at]
}

func TestPresenceIsWholeAgainAfterAFailure(t *testing.T) {
	p := newPresence(t)
	if err := p.Set(1, true, true); err != nil {
		t.Fatal(err)
	}
	healthy := p.file
	broken, err := os.Open(healthy.Name()) // for reading only
	if err != nil {
		t.Fatal(err)
	}
	defer broken.Close()
	p.file = broken
	if err := p.Set(2, true, true); err == nil {
		t.Error("a write to a file that is open for reading: no error")
	}
	if err := errors.Join(p.Set(1, false, false), p.Set(70_000, true, false)); err != nil {
		t.Errorf("told again: %v", err)
	}
	p.file = healthy
	if err := p.Set(3, true, false); err != nil {
		t.Fatal(err)
	}
	if first, second := readAt(t, p, 0), readAt(t, p, 17_500); first != 0b0111_0000 || second != 0b0000_0001 || p.stale {
		t.Errorf("got %08b and %08b", first, second)
	}
}

func TestPresenceIsMendedWithoutAnotherClient(t *testing.T) {
	p := newPresence(t)
	if p.Mend() {
		t.Error("mended what was whole")
	}
	healthy := p.file
	broken, err := os.Open(healthy.Name()) // for reading only
	if err != nil {
		t.Fatal(err)
	}
	defer broken.Close()
	p.file = broken
	if err := p.Set(1, true, true); err == nil || p.Mend() {
		t.Errorf("a write to a file that is open for reading: %v", err)
	}
	p.file = healthy
	if !p.Mend() || p.Mend() {
		t.Error("want to be told once that it is over")
	}
	if got := readAt(t, p, 0); got != 0b0000_1100 {
		t.Errorf("got %08b", got)
	}
}

func TestPresenceIsMadeAnew(t *testing.T) {
	p := newPresence(t)
	if err := p.Set(1, true, true); err != nil || !p.IsThere() {
		t.Fatal(err)
	}
	if err := os.Remove(p.file.Name()); err != nil || p.IsThere() {
		t.Fatal(err)
	}
	if err := p.Restore(); err != nil || !p.IsThere() {
		t.Fatal(err)
	}
	if err := p.Set(2, true, false); err != nil {
		t.Fatal(err)
	}
	if got := readAt(t, p, 0); got != 0b0001_1100 {
		t.Errorf("got %08b", got)
	}
}

package logs

import (
	"bytes"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// dailyLines bounds the lines that wait for the disk: what a busy server writes in a second. More are counted.
const dailyLines = 4096

// dailyLog writes the original's log file, one for each day by UTC, as its PHP process did: WEBSOCKET_LOG_PATH/ws_YYYYMMDD.log.
// The PHP half appends to the same file. Nobody waits for it: lines that cannot be written are counted, and missed once.
type dailyLog struct {
	log    *slog.Logger // learns what goes wrong
	lines  chan dailyLine
	folder atomic.Pointer[string] // empty: nothing is written
	lost   atomic.Int64           // lines that found no room, since the last that was written

	dropped atomic.Uint64 // lines that were not written, since the start

	quit chan struct{} // closed by close
	once sync.Once
	done chan struct{} // closed when the writer has ended

	failing bool  // the writer's: the last lines could not be written
	missing int64 // the writer's: and how many there were since
}

type dailyLine struct {
	at   time.Time
	text string
}

// newDailyLog starts the writer. It writes nothing before setFolder.
func newDailyLog(log *slog.Logger) *dailyLog {
	d := &dailyLog{log: log, lines: make(chan dailyLine, dailyLines), quit: make(chan struct{}), done: make(chan struct{})}
	d.setFolder("")
	go d.run()
	return d
}

// setFolder says where lines that come from now on go; empty: nowhere.
func (d *dailyLog) setFolder(folder string) { d.folder.Store(&folder) }

func (d *dailyLog) on() bool { return *d.folder.Load() != "" }

// put takes a line and never blocks.
func (d *dailyLog) put(at time.Time, text string) {
	select {
	case d.lines <- dailyLine{at.UTC(), text}:
	default:
		d.lost.Add(1)
		d.dropped.Add(1)
	}
}

// close writes what waits and ends the writer.
func (d *dailyLog) close() {
	d.once.Do(func() { close(d.quit) })
	<-d.done
}

func (d *dailyLog) run() {
	defer close(d.done)
	for {
		select {
		case l := <-d.lines:
			d.write(d.take(l))
		case <-d.quit:
			for len(d.lines) > 0 {
				d.write(d.take(<-d.lines))
			}
			return
		}
	}
}

// take returns the lines that wait, first and those behind it that belong into the same file.
func (d *dailyLog) take(first dailyLine) (day string, text []byte, lines int64) {
	day = first.at.Format("20060102")
	var b bytes.Buffer
	for l := first; ; l = <-d.lines {
		if next := l.at.Format("20060102"); next != day {
			d.write(day, b.Bytes(), lines)
			day, lines = next, 0
			b.Reset()
		}
		fmt.Fprintf(&b, "[%s]  %s\n", l.at.Format(time.DateTime), l.text)
		lines++
		if len(d.lines) == 0 {
			return day, b.Bytes(), lines
		}
	}
}

// write appends to the day's file, which is opened anew each time: it may have been moved, and its folder mounted.
func (d *dailyLog) write(day string, text []byte, lines int64) {
	folder := *d.folder.Load()
	if folder == "" {
		return
	}
	d.missing += d.lost.Swap(0)
	if d.missing > 0 {
		text = append(d.gap(), text...)
	}
	path := filepath.Join(folder, "ws_"+day+".log")
	if err := appendShared(path, text); err != nil {
		d.missing += lines
		d.dropped.Add(uint64(lines))
		if !d.failing {
			d.log.Warn("the daily log file cannot be written: its lines are counted until it can", "file", path, "error", err)
		}
		d.failing = true
		return
	}
	if d.failing {
		d.log.Info("the daily log file is written again", "file", path, "missing", d.missing)
	}
	d.failing, d.missing = false, 0
}

// gap says that lines are missing, on a line of its own: the disk may have taken half of the last one.
func (d *dailyLog) gap() []byte {
	return fmt.Appendf(nil, "\n[%s]  *** %d lines are missing here\n", time.Now().UTC().Format(time.DateTime), d.missing)
}

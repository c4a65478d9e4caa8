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

// dailyLines bounds the lines that wait for the disk: as many as a busy server logs in a second.
const dailyLines = 4096

// dailyLog writes the original's log file, one a day by UTC, as its PHP process did: WEBSOCKET_LOG_PATH/ws_YYYYMMDD.log. The PHP half
// appends to the same file. put never blocks: lines that cannot be written are counted, and a line of the file says how many are
// missing.
type dailyLog struct {
	log     *slog.Logger // for what goes wrong
	lines   chan dailyLine
	folder  atomic.Pointer[string] // empty: nothing is written
	dropped atomic.Uint64          // lines that were not written, since the start

	stop chan struct{} // closed by close
	once sync.Once
	done chan struct{} // closed when the writer has ended

	// The fields below belong to the writer.
	failing  bool   // the last write failed
	reported uint64 // how many of the dropped lines a file tells of
}

type dailyLine struct {
	at   time.Time // UTC
	text string
}

// newDailyLog starts the writer, which writes nothing before setFolder. The caller closes it.
func newDailyLog(log *slog.Logger) *dailyLog {
	d := &dailyLog{log: log, lines: make(chan dailyLine, dailyLines), stop: make(chan struct{}), done: make(chan struct{})}
	d.setFolder("")
	go d.run()
	return d
}

// setFolder sets where lines go from now on; empty: they are not written.
func (d *dailyLog) setFolder(folder string) { d.folder.Store(&folder) }

func (d *dailyLog) isOn() bool { return *d.folder.Load() != "" }

// put queues a line, or counts it as dropped if the queue is full.
func (d *dailyLog) put(at time.Time, text string) {
	select {
	case d.lines <- dailyLine{at.UTC(), text}:
	default:
		d.dropped.Add(1)
	}
}

// close writes the queued lines and waits for the writer to end.
func (d *dailyLog) close() {
	d.once.Do(func() { close(d.stop) })
	<-d.done
}

func (d *dailyLog) run() {
	defer close(d.done)
	for {
		select {
		case l := <-d.lines:
			d.writeQueued(l)
		case <-d.stop:
			for len(d.lines) > 0 {
				d.writeQueued(<-d.lines)
			}
			return
		}
	}
}

// dailyBatch is lines of one day.
type dailyBatch struct {
	day   string
	text  bytes.Buffer
	lines uint64
}

// writeQueued writes l and the lines that are queued after it, with one write for each day.
func (d *dailyLog) writeQueued(l dailyLine) {
	batch := &dailyBatch{}
	for ; ; l = <-d.lines {
		if day := l.at.Format("20060102"); day != batch.day {
			d.write(batch)
			batch = &dailyBatch{day: day}
		}
		fmt.Fprintf(&batch.text, "[%s]  %s\n", l.at.Format(time.DateTime), l.text)
		batch.lines++
		if len(d.lines) == 0 {
			d.write(batch)
			return
		}
	}
}

// write appends to the day's file. It opens the file for each batch, since the file may have been moved or its folder mounted.
func (d *dailyLog) write(b *dailyBatch) {
	folder := *d.folder.Load()
	if folder == "" || b.lines == 0 {
		return
	}
	path := filepath.Join(folder, "ws_"+b.day+".log")
	missing := d.dropped.Load() - d.reported
	text := b.text.Bytes()
	if missing > 0 {
		text = append(missingLine(missing), text...)
	}
	if err := appendShared(path, text); err != nil {
		d.dropped.Add(b.lines)
		if !d.failing {
			d.log.Warn("the daily log file cannot be written: its lines are counted until it can", "file", path, "error", err)
		}
		d.failing = true
		return
	}
	if d.failing {
		d.log.Info("the daily log file is written again", "file", path, "missing", missing)
	}
	d.failing = false
	d.reported += missing
}

// missingLine starts with a line break: the disk may have taken a part of the last line.
func missingLine(n uint64) []byte {
	return fmt.Appendf(nil, "\n[%s]  *** %d lines are missing here\n", time.Now().UTC().Format(time.DateTime), n)
}

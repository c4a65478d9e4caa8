package api

import "time"

// Residents is the answer of GET /v1/workers: the resident workers, PHP processes that stay from event to event.
type Residents struct {
	Enabled bool   `json:"enabled"`       // false: there is no pool for them, each event is a request of its own, and the rest but Why is empty
	Why     string `json:"why,omitempty"` // there is no pool
	// Stateless says that there is none now, since none can be started: events run in requests of their own meanwhile.
	Stateless bool `json:"stateless"`
	// Broken says why the code that the application has by now cannot be loaded, while workers go on with what they have loaded before; empty: it can.
	Broken      string `json:"broken,omitempty"`
	MemoryLimit int64  `json:"memory_limit"` // bytes, over which one is replaced; 0: there is no limit
	BootsFailed uint64 `json:"boots_failed"`
	// Why the last one could not be started, and when; nil: each could be.
	BootFailure *BootFailure      `json:"boot_failure"`
	Replaced    map[string]uint64 `json:"replaced"` // workers that ran events and have ended, by cause
	Workers     []Worker          `json:"workers"`
	Ended       []Worker          `json:"ended"` // the latest 20, the newest first
}

// BootFailure says why a worker could not be started, or could not load the application.
type BootFailure struct {
	Time  time.Time `json:"time"`
	Error string    `json:"error"`
}

// Worker is a resident worker.
type Worker struct {
	PID     int        `json:"pid"`  // as it knows it itself: in a container another one than here
	Kind    string     `json:"kind"` // "alone": it runs events one after the other; "beside": beside these; "spare": it will take over
	Started time.Time  `json:"started"`
	Ended   *time.Time `json:"ended,omitempty"`
	Events  int64      `json:"events"`           // that have ended
	Memory  int64      `json:"memory"`           // bytes of its own, as of the last check; 0: not known
	Code    string     `json:"code,omitempty"`   // the fingerprint of the application's files that it has loaded; empty: none yet
	Reason  string     `json:"reason,omitempty"` // why it has ended, or will
	Cause   string     `json:"cause,omitempty"`  // the same in a word, as in the metrics, once it has ended
	Runs    *Running   `json:"runs,omitempty"`   // what it runs now; nil: nothing of the application's
}

// Running is an event that a resident worker runs.
type Running struct {
	Event  string    `json:"event"`
	Client int64     `json:"client,omitempty"` // 0: the event is the server's
	Since  time.Time `json:"since"`
	Behind int       `json:"behind"` // events that wait for its end
}

// Age returns how long the worker has run, as of now or of its end.
func (w *Worker) Age() time.Duration {
	if w.Ended != nil {
		return w.Ended.Sub(w.Started)
	}
	return time.Since(w.Started)
}

// Recycled is the answer of POST /v1/workers/recycle.
type Recycled struct {
	Before Worker `json:"before"` // as it was when it had ended
	After  Worker `json:"after"`  // which runs events now
}

// Killed is the answer of POST /v1/workers/kill.
type Killed struct {
	Worker Worker `json:"worker"` // as it was just before
}

package main

import (
	"context"
	"log/slog"
	"sync"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

// reloader reads the configuration anew. What it can put into force without a restart is the log's level.
type reloader struct {
	from  config.Sources
	level *slog.LevelVar

	mu      sync.Mutex // guards running, and lets one reload run at a time
	running config.Config
}

// reload changes nothing if it returns an error, which lists everything that is wrong.
func (r *reloader) reload(context.Context) (api.Reloaded, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fresh, err := config.Load(r.from)
	if err != nil {
		return api.Reloaded{}, reloadError{err}
	}
	var done api.Reloaded
	changed, all := config.Changed(&r.running, &fresh)
	done.Unchanged = all - len(changed)
	for _, key := range changed {
		if key == "log.level" {
			done.Applied = append(done.Applied, key)
			r.running.Log.Level = fresh.Log.Level
		} else {
			done.Restart = append(done.Restart, key)
		}
	}
	r.level.Set(logLevels()[fresh.Log.Level])
	return done, nil
}

type reloadError struct{ error }

// Problems lists what is wrong with the configuration.
func (e reloadError) Problems() []string { return config.Each(e.error) }

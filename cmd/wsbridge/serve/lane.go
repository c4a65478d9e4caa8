package serve

import (
	"log/slog"
	"os"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/fastcgi/resident"
)

// residentMemory returns the memory of a resident worker, in bytes, over which it is replaced between two events, before PHP's own limit
// ends one; 0: there is no limit. The PHP half raises the limit of an existing php-fpm to the default of php.memory_limit.
func residentMemory(cfg *config.PHP) int64 { return cfg.MemoryBytes() / 4 * 3 }

// newLane returns the lane for the resident workers of f, or nil if there is no pool for them. The caller closes it.
func (d *runDir) newLane(cfg *config.Config, f *fpm, log *slog.Logger) (*resident.Lane, error) {
	booter := f.booter()
	if booter == nil {
		return nil, nil
	}
	return resident.NewLane(d.laneConfig(cfg, f, log), booter)
}

// besideIdle times php.idle_timeout is how long a worker beside the lane stays that runs nothing: to boot one takes longer than to connect.
const besideIdle = 6

func (d *runDir) laneConfig(cfg *config.Config, f *fpm, log *slog.Logger) resident.Config {
	return resident.Config{
		Dir:        d.path,
		Mode:       d.socketMode(&cfg.PHP),
		Timeout:    cfg.PHP.Timeout.Std(),
		Hold:       config.HeldUp,
		Long:       config.LongEvent,
		Memory:     residentMemory(&cfg.PHP),
		Beside:     f.beside(),
		BesideIdle: besideIdle * cfg.PHP.IdleTimeout.Std(),
		MaxPayload: int(cfg.Server.SendQueueBytes),
		Quote:      cfg.Log.Payloads,
		Logger:     log,
	}
}

// beside returns how many workers may run events beside the lane.
func (f *fpm) beside() int {
	if f.managed != nil { // it has that many besides those that the lane needs
		return min(f.asked.MaxConnections, f.managed.Workers())
	}
	return f.asked.MaxConnections
}

// booter returns what starts resident workers, or nil if there is no pool for them.
func (f *fpm) booter() resident.Booter {
	if f.residents == (endpoint{}) {
		return nil
	}
	return f.client.NewBooter(f.residents.network, f.residents.address)
}

// socketMode lets resident workers connect. They are another user under the same conditions as for the folder, whose name they are told;
// what they can reach there asks for a token.
func (d *runDir) socketMode(cfg *config.PHP) os.FileMode {
	if runDirMode(cfg) == ownerEnters {
		return 0o600
	}
	return 0o666
}

// besideOf returns the workers beside l for the bridge.
func besideOf(l *resident.Lane) bridge.Beside {
	if l == nil {
		return nil
	}
	return l.Beside()
}

// bridgeLane returns l for the bridge.
func bridgeLane(l *resident.Lane) bridge.Lane {
	if l == nil {
		return nil
	}
	return l
}

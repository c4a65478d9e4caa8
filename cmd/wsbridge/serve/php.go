package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/fastcgi"
	"github.com/wsbridge/wsbridge/fastcgi/phpfpm"
	phphandlers "github.com/wsbridge/wsbridge/php-handlers"
)

// place is the run-time folder: the unpacked PHP half, and the file that tells handlers who is there. It stays while php-fpms
// come and go, for clients carry its path.
type place struct {
	dir      string
	presence *fastcgi.Presence
	started  int // php-fpms of our own; start is called by one goroutine at a time
}

// openPlace makes the folder. The caller closes it behind all php-fpms.
func openPlace(cfg *config.PHP) (*place, error) {
	dir, err := MakeRunDir(cfg.RunDir, RunDirMode(cfg))
	if err != nil {
		return nil, err
	}
	remove := func() error { return os.RemoveAll(dir) }
	if err := phphandlers.Unpack(dir); err != nil {
		return nil, errors.Join(err, remove())
	}
	p := &place{dir: dir}
	if p.presence, err = fastcgi.CreatePresence(p.presenceFile()); err != nil {
		return nil, errors.Join(err, remove())
	}
	return p, nil
}

func (p *place) presenceFile() string { return filepath.Join(p.dir, "presence") }

func (p *place) close() error { return errors.Join(p.presence.Close(), os.RemoveAll(p.dir)) }

// php is one php-fpm that events go to, and the way to it.
type php struct {
	client      *fastcgi.Client
	asked       fastcgi.Config // what client was made with
	address     string         // "network:address"
	connections int            // to it, at most
	page        bool           // it tells its status
	own         *ownFPM        // nil for an external one
}

// start starts a php-fpm, unless cfg names an existing one, and makes a client of it, which connects to nothing yet. The caller
// stops it. What php-fpm itself has to say goes to fpm, what comes with an event to log.
func (p *place) start(ctx context.Context, cfg config.Config, fpm, log *slog.Logger) (*php, error) {
	client := p.clientConfig(&cfg, log)
	network, address, external := cfg.PHP.Endpoint()
	if external {
		client.Network, client.Address, client.EndStdin = network, address, cfg.PHP.EndStdin
		client.StatusPage = fastcgi.StatusPage{Network: network, Address: address, Path: cfg.PHP.StatusPath}
		client.MaxConnections = learnWorkers(ctx, &cfg.PHP, client.StatusPage, fpm)
		if cfg.PHP.Script != "" {
			client.Script = cfg.PHP.Script
		}
		return newPHP(client, nil)
	}
	own, err := p.startOwn(ctx, cfg, fpm)
	if err != nil {
		return nil, err
	}
	client.Network, client.Address = "unix", own.Address()
	client.StatusPage.Network, client.StatusPage.Address, client.StatusPage.Path = own.StatusPage()
	fpm.Info("php-fpm has workers of its own", "workers", own.Workers(), "connections", client.MaxConnections)
	return newPHP(client, own)
}

func newPHP(cfg fastcgi.Config, own *ownFPM) (*php, error) {
	client, err := fastcgi.New(cfg)
	if err != nil {
		return nil, errors.Join(err, own.stop())
	}
	return &php{client: client, asked: cfg, address: cfg.Network + ":" + cfg.Address, connections: cfg.MaxConnections, page: cfg.StatusPage.Path != "",
		own: own}, nil
}

// stop waits for events under way, each for php.timeout at most, and ends a php-fpm of our own.
func (p *php) stop() error { return errors.Join(p.client.Close(), p.own.stop()) }

// clientConfig is all of a client's configuration but where php-fpm is.
func (p *place) clientConfig(cfg *config.Config, log *slog.Logger) fastcgi.Config {
	return fastcgi.Config{
		Presence:       p.presenceFile(),
		Script:         filepath.Join(p.dir, phphandlers.Entry),
		EventsFile:     cfg.PHP.EventsFile,
		SettingsFile:   cfg.PHP.SettingsFile,
		InitializeOnce: cfg.PHP.Initialize == "once",
		MaxConnections: cfg.PHP.Connections(),
		IdleTimeout:    cfg.PHP.IdleTimeout.Std(),
		DialTimeout:    config.DialTimeout,
		Timeout:        cfg.PHP.Timeout.Std(),
		MaxPayload:     int(cfg.Server.SendQueueBytes), // nothing larger could be sent
		Payloads:       cfg.Log.Payloads,
		Logger:         log,
	}
}

// ownFPM is a php-fpm of our own with a folder of its own.
type ownFPM struct {
	*phpfpm.Process
	dir string
}

func (p *place) startOwn(ctx context.Context, cfg config.Config, log *slog.Logger) (*ownFPM, error) {
	p.started++
	dir := filepath.Join(p.dir, fmt.Sprint(p.started))
	const ownerOnly = 0o700 // workers get their socket from the master
	if err := os.Mkdir(dir, ownerOnly); err != nil {
		return nil, fmt.Errorf("make php-fpm's folder: %w", err)
	}
	process, err := phpfpm.Start(ctx, phpfpm.Config{
		Binary:      cfg.PHP.FPM,
		Dir:         dir,
		Workers:     cfg.PHP.Workers,
		User:        cfg.PHP.User,
		Group:       cfg.PHP.Group,
		Timeout:     cfg.PHP.Timeout.Std(),
		Idle:        cfg.PHP.IdleTimeout.Std(),
		MemoryLimit: cfg.PHP.MemoryLimit,
		Preload:     filepath.Join(p.dir, phphandlers.Preload),
		INI:         cfg.PHP.Ini,
		Logger:      log,
	})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &ownFPM{process, dir}, nil
}

// stop ends php-fpm; there may be none.
func (o *ownFPM) stop() error {
	if o == nil {
		return nil
	}
	return errors.Join(o.Close(), os.RemoveAll(o.dir))
}

// Who else may reach the files in a run-time folder, without seeing their names.
const (
	ownerReaches = 0o700
	groupReaches = 0o710
	allReach     = 0o711
)

// RunDirMode lets php-fpm's workers reach the PHP half. As root they are another user, and so they are, in our group at best, if
// php-fpm is somebody else's to run.
func RunDirMode(cfg *config.PHP) os.FileMode {
	switch {
	case os.Geteuid() == 0:
		return allReach
	case cfg.External():
		return groupReaches
	}
	return ownerReaches
}

// MakeRunDir makes a folder of a name nobody can guess, below parent, or else in the first folder that systemd made for the
// service (RuntimeDirectory=), or else among temporary files, where what is old may be cleaned away (tmpfiles.d(5)).
func MakeRunDir(parent string, mode os.FileMode) (string, error) {
	if parent == "" {
		parent, _, _ = strings.Cut(os.Getenv("RUNTIME_DIRECTORY"), ":")
	}
	dir, err := os.MkdirTemp(parent, "wsbridge-")
	if err != nil {
		return "", fmt.Errorf("make run-time folder: %w", err)
	}
	if err := os.Chmod(dir, mode); err != nil {
		return "", errors.Join(fmt.Errorf("make run-time folder: %w", err), os.RemoveAll(dir))
	}
	return dir, nil
}

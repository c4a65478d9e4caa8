package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/fastcgi"
	"github.com/wsbridge/wsbridge/fastcgi/phpfpm"
	phphandlers "github.com/wsbridge/wsbridge/php-handlers"
	"github.com/wsbridge/wsbridge/protocol"
)

// fpm is a php-fpm that events go to, and the client of it.
type fpm struct {
	client    *fastcgi.Client
	asked     fastcgi.Config // what client was made with
	managed   *managedFPM    // nil if php-fpm is not wsbridge's own
	residents endpoint       // of the pool for requests that stay open
}

// endpoint is an address as net.Dial takes it. The zero value is none.
type endpoint struct{ network, address string }

// spareResidents is how many workers the pool for resident workers has in addition to those that run events beside each other: the one
// that runs events alone, a spare, one that leaves and one that boots.
const spareResidents = 4

// start starts a php-fpm, unless cfg names an existing one, and makes a client of it, which connects only when it is used. The caller
// stops it. What php-fpm itself has to say goes to fpmLog, what comes with an event to log.
func (d *runDir) start(ctx context.Context, cfg *config.Config, fpmLog, log *slog.Logger) (*fpm, error) {
	client := d.clientConfig(cfg, log)
	if network, address, external := cfg.PHP.Endpoint(); external {
		client.Network, client.Address, client.EndStdin = network, address, cfg.PHP.EndStdin
		client.StatusPage = fastcgi.StatusPage{Network: network, Address: address, Path: cfg.PHP.StatusPath}
		client.MaxConnections = learnWorkers(ctx, &cfg.PHP, client.StatusPage, fpmLog)
		if cfg.PHP.Script != "" {
			client.Script = cfg.PHP.Script
		}
		var residents endpoint
		residents.network, residents.address, _ = cfg.PHP.ResidentEndpoint()
		return newFPM(client, nil, residents)
	}
	managed, err := d.startManaged(ctx, &cfg.PHP, fpmLog)
	if err != nil {
		return nil, err
	}
	client.Network, client.Address, client.Supervisor = "unix", managed.Address(), managed
	client.StatusPage.Network, client.StatusPage.Address, client.StatusPage.Path = managed.StatusPage()
	fpmLog.Info("php-fpm started", "workers", managed.Workers(), "connections", client.MaxConnections)
	return newFPM(client, managed, managed.residents())
}

// newFPM stops managed if it fails.
func newFPM(cfg fastcgi.Config, managed *managedFPM, residents endpoint) (*fpm, error) {
	client, err := fastcgi.New(cfg)
	if err != nil {
		return nil, errors.Join(err, managed.stop())
	}
	return &fpm{client, cfg, managed, residents}, nil
}

// stop waits for running events, which php.timeout bounds or their callers do, and ends a php-fpm that is wsbridge's own.
func (f *fpm) stop() error { return errors.Join(f.client.Close(), f.managed.stop()) }

// clientConfig returns the configuration of a client but for php-fpm's address.
func (d *runDir) clientConfig(cfg *config.Config, log *slog.Logger) fastcgi.Config {
	return fastcgi.Config{
		Presence:       d.presenceFile(),
		Script:         filepath.Join(d.path, phphandlers.Entry),
		EventsFile:     cfg.PHP.EventsFile,
		SettingsFile:   cfg.PHP.SettingsFile,
		SettingsCopies: d.path,
		InitializeOnce: cfg.PHP.Initialize == "once",
		MaxConnections: cfg.PHP.Connections(),
		IdleTimeout:    cfg.PHP.IdleTimeout.Std(),
		DialTimeout:    config.DialTimeout,
		Timeout:        cfg.PHP.Timeout.Std(),
		MaxPayload:     int(cfg.Server.SendQueueBytes), // nothing larger could be sent
		LogPayloads:    cfg.Log.Payloads,
		Logger:         log,
	}
}

// managedFPM is a php-fpm of wsbridge's own, in a folder of its own.
type managedFPM struct {
	*phpfpm.Process
	dir string
}

func (d *runDir) startManaged(ctx context.Context, cfg *config.PHP, log *slog.Logger) (*managedFPM, error) {
	d.started++
	dir := filepath.Join(d.path, fmt.Sprint(d.started))
	const ownerOnly = 0o700 // workers get their socket from the master
	if err := os.Mkdir(dir, ownerOnly); err != nil {
		return nil, fmt.Errorf("make php-fpm's folder: %w", err)
	}
	residents := 0
	if cfg.HasResidents() {
		residents = cfg.Workers + spareResidents
	}
	process, err := phpfpm.Start(ctx, phpfpm.Config{
		Binary:      cfg.FPM,
		Dir:         dir,
		Workers:     cfg.Workers,
		Residents:   residents,
		User:        cfg.User,
		Group:       cfg.Group,
		Timeout:     cfg.Timeout.Std(),
		Idle:        cfg.IdleTimeout.Std(),
		MemoryLimit: cfg.MemoryLimit,
		Preload:     filepath.Join(d.path, phphandlers.Preload),
		INI:         cfg.Ini,
		Logger:      log,
	})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &managedFPM{process, dir}, nil
}

// residents returns the address of the pool for requests that stay open.
func (m *managedFPM) residents() endpoint {
	if address := m.ResidentAddress(); address != "" {
		return endpoint{"unix", address}
	}
	return endpoint{}
}

// stop ends php-fpm and removes its folder; m may be nil.
func (m *managedFPM) stop() error {
	if m == nil {
		return nil
	}
	return errors.Join(m.Close(), os.RemoveAll(m.dir))
}

// Inspect starts the php-fpm that Run would use, asks it what the application consists of, and ends it. What php-fpm itself has to say
// goes to fpmLog, what PHP says to phpLog.
func Inspect(ctx context.Context, cfg config.Config, fpmLog, phpLog *slog.Logger) (i *protocol.Inspection, err error) {
	cfg.PHP.Resident = "off" // no event runs
	dir, err := openRunDir(&cfg.PHP)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, dir.close()) }()
	f, err := dir.start(ctx, &cfg, fpmLog, phpLog)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.stop()) }()
	return f.client.Inspect(ctx)
}

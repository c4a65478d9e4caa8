package main

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

// php is the php-fpm that events go to, and how to take leave of it.
type php struct {
	client   fastcgi.Config
	presence *fastcgi.Presence
	stop     func() error
}

// startPHP unpacks the PHP half into a run-time folder and, unless cfg names an existing php-fpm, starts one.
func startPHP(ctx context.Context, cfg config.Config, log *slog.Logger) (*php, error) {
	dir, err := makeRunDir(cfg.PHP.RunDir, runDirMode(&cfg.PHP))
	if err != nil {
		return nil, err
	}
	remove := func() error { return os.RemoveAll(dir) }
	if err := phphandlers.Unpack(dir); err != nil {
		return nil, errors.Join(err, remove())
	}
	who := filepath.Join(dir, "presence")
	presence, err := fastcgi.CreatePresence(who)
	if err != nil {
		return nil, errors.Join(err, remove())
	}
	leave := func() error { return errors.Join(presence.Close(), remove()) }
	p := &php{presence: presence, stop: leave, client: fastcgi.Config{
		Presence:       who,
		Script:         filepath.Join(dir, phphandlers.Entry),
		EventsFile:     cfg.PHP.EventsFile,
		SettingsFile:   cfg.PHP.SettingsFile,
		InitializeOnce: cfg.PHP.Initialize == "once",
		MaxConnections: cfg.PHP.Connections(),
		IdleTimeout:    cfg.PHP.IdleTimeout.Std(),
		DialTimeout:    cfg.PHP.DialTimeout.Std(),
		Timeout:        cfg.PHP.Timeout.Std(),
		MaxPayload:     int(cfg.Server.SendQueueBytes), // nothing larger could be sent
		Payloads:       cfg.Log.Payloads,
		Logger:         log,
	}}
	if network, address, external := cfg.PHP.Endpoint(); external {
		p.client.Network, p.client.Address = network, address
		if cfg.PHP.Script != "" {
			p.client.Script = cfg.PHP.Script
		}
		p.client.StatusPage = fastcgi.StatusPage{Network: network, Address: address, Path: cfg.PHP.StatusPath}
		p.client.MaxConnections = learnWorkers(ctx, &cfg.PHP, p.client.StatusPage, log)
		return p, nil
	}
	own, err := startOwn(ctx, cfg, dir, log)
	if err != nil {
		return nil, errors.Join(err, leave())
	}
	p.client.Network, p.client.Address = "unix", own.Address()
	p.client.StatusPage.Network, p.client.StatusPage.Address, p.client.StatusPage.Path = own.StatusPage()
	log.Info("php-fpm has workers of its own", "workers", own.Workers(), "connections", p.client.MaxConnections)
	p.stop = func() error { return errors.Join(own.Close(), leave()) }
	return p, nil
}

func startOwn(ctx context.Context, cfg config.Config, dir string, log *slog.Logger) (*phpfpm.Process, error) {
	return phpfpm.Start(ctx, phpfpm.Config{
		Binary:      cfg.PHP.FPM,
		Dir:         dir,
		Workers:     cfg.PHP.Workers,
		User:        cfg.PHP.User,
		Group:       cfg.PHP.Group,
		Timeout:     cfg.PHP.Timeout.Std(),
		Idle:        cfg.PHP.IdleTimeout.Std(),
		MemoryLimit: cfg.PHP.MemoryLimit,
		Preload:     filepath.Join(dir, phphandlers.Preload),
		INI:         cfg.PHP.Ini,
		Logger:      log,
	})
}

// Who else may reach the files in a run-time folder, without seeing their names.
const (
	ownerReaches = 0o700
	groupReaches = 0o710
	allReach     = 0o711
)

// runDirMode lets php-fpm's workers reach the PHP half. As root they are another user, and so they are, in our group at best, if
// php-fpm is somebody else's to run.
func runDirMode(cfg *config.PHP) os.FileMode {
	switch {
	case os.Geteuid() == 0:
		return allReach
	case cfg.External():
		return groupReaches
	}
	return ownerReaches
}

// makeRunDir makes a folder of a name nobody can guess, below parent, or else in the first folder that systemd made for the
// service (RuntimeDirectory=), or else among temporary files, where what is old may be cleaned away (tmpfiles.d(5)).
func makeRunDir(parent string, mode os.FileMode) (string, error) {
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

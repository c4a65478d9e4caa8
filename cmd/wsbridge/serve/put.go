package serve

import (
	"context"
	"fmt"
	"sync"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/fastcgi/resident"
)

// put puts cfg into force, or leaves everything as it was. The pipe's mode comes before what is harder to take back.
func (s *server) put(ctx context.Context, cfg *config.Config) error {
	useCertificates, err := s.certs.prepare(&cfg.Server)
	if err != nil {
		return err
	}
	tokens, err := readTokens(&cfg.Control)
	if err != nil {
		return fmt.Errorf("reload %w", err)
	}
	if err := s.chmodPipe(cfg); err != nil {
		return fmt.Errorf("reload pipe.mode: %w", err)
	}
	if err := s.putBackend(ctx, cfg); err != nil {
		if back := s.chmodPipe(s.cfg.Load()); back != nil {
			s.log.Error("the configuration before the reload could not be restored", "what", "pipe.mode", "error", back)
		}
		return fmt.Errorf("reload php-fpm and the bridge: %w", err)
	}
	s.cfg.Store(cfg)
	s.operators.SetTokens(tokens)
	useCertificates()
	s.log.Set(cfg.Log)
	return nil
}

// putBackend has events run in the php-fpm that cfg wants.
func (s *server) putBackend(ctx context.Context, cfg *config.Config) error {
	return s.backend.replace(ctx, cfg, func(f *fpm, lane *resident.Lane) error {
		return s.bridge.Reconfigure(ctx, bridgeConfig(cfg, f, lane))
	})
}

func (s *server) chmodPipe(cfg *config.Config) error {
	if s.pipe == nil {
		return nil
	}
	return s.pipe.Chmod(cfg.Pipe.Mode.Std())
}

// keepCurrent reloads the configuration on SIGHUP and the certificate when its files change. The caller calls stop, which waits for a
// reload to end.
func (s *server) keepCurrent(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	work.Go(func() { s.certs.watch(ctx) })
	work.Go(func() { s.reload.run(ctx) })
	work.Go(func() { s.keepUpgradable(ctx) })
	work.Go(func() { s.keepFolder(ctx) })
	work.Go(func() { s.keepWorkers(ctx) })
	work.Go(func() { s.keepClientLimit(ctx) })
	return func() { cancel(); s.reload.end(); work.Wait() }
}

package serve

import (
	"context"
	"fmt"
	"sync"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

// put puts cfg into force, or leaves everything as it was. The pipe's mode comes before what is harder to take back.
func (s *server) put(ctx context.Context, cfg *config.Config) error {
	if err := s.cert.reload(); err != nil {
		return fmt.Errorf("reload server.tls_cert and server.tls_key: %w", err)
	}
	if err := s.chmodPipe(cfg); err != nil {
		return fmt.Errorf("reload pipe.mode: %w", err)
	}
	err := s.backend.replace(ctx, cfg, func(f *fpm) error { return s.bridge.Reconfigure(ctx, bridgeConfig(cfg, f)) })
	if err != nil {
		if back := s.chmodPipe(s.cfg.Load()); back != nil {
			s.log.Error("the configuration before the reload could not be restored", "what", "pipe.mode", "error", back)
		}
		return fmt.Errorf("reload php-fpm and the bridge: %w", err)
	}
	s.cfg.Store(cfg)
	s.log.Set(cfg.Log)
	return nil
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
	work.Go(func() { s.cert.watch(ctx) })
	work.Go(func() { s.reload.run(ctx) })
	return func() { cancel(); s.reload.end(); work.Wait() }
}

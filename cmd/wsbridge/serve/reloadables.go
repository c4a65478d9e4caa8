package serve

import (
	"context"
	"sync"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

// addReloadables lets a reload reach everything but the pipe, which is added when it is created.
func (s *server) addReloadables() {
	s.reload.add("server.tls_cert and server.tls_key", func(context.Context, *config.Config) error { return s.cert.reload() })
	s.reload.add("php-fpm and the bridge", s.reconfigure)
	s.reload.add("log", func(_ context.Context, cfg *config.Config) error { s.log.Set(cfg.Log); return nil })
}

// reconfigure gives the bridge a configuration, and the php-fpm that the configuration wants.
func (s *server) reconfigure(ctx context.Context, cfg *config.Config) error {
	err := s.backend.replace(ctx, cfg, func(f *fpm) error { return s.bridge.Reconfigure(ctx, bridgeConfig(cfg, f)) })
	if err == nil {
		s.cfg.Store(cfg)
	}
	return err
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

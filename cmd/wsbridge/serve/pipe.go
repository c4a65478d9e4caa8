package serve

import (
	"context"
	"errors"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/fifo"
)

// createPipe returns nil if there is to be no pipe. Where the original ran, a plain file at its path is what PHP's "w+" has made while there
// was no pipe.
func (s *server) createPipe(cfg *config.Config) (*fifo.Pipe, error) {
	if cfg.Pipe.Path == "" {
		return nil, nil
	}
	warnPrivateTmp(s.log.Logger, cfg.Pipe.Path)
	pipe, err := fifo.Create(s.pipeConfig(cfg))
	if err == nil {
		warnRootPipe(s.log.Logger, cfg.Pipe.Path)
	}
	return pipe, err
}

func (s *server) pipeConfig(cfg *config.Config) fifo.Config {
	return fifo.Config{
		Path:     cfg.Pipe.Path,
		Mode:     cfg.Pipe.Mode.Std(),
		Limit:    int(cfg.Pipe.MaxDocument),
		SetAside: cfg.Legacy.Settings != "",
		Report: func(skipped fifo.Skipped) {
			s.metrics.Skipped(skipped)
			s.log.Warn("data in the pipe was skipped", "skipped", skipped)
		},
		Mended: s.pipeMended,
		Lost:   s.pipeLost,
	}
}

// heldPipe is a pipe that is held while the bridge hands over, so that nothing of it is lost or read by both processes.
type heldPipe struct{ *fifo.Pipe }

// Run implements bridge.Pipe. It ends at once for a hand-over, and goes on after that in the middle of what was read, here or in the other process.
func (p heldPipe) Run(ctx context.Context, deliver func(context.Context, [][]byte) (int, error)) error {
	p.Resume()
	reading, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	stopped := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(stopped)
		if errors.Is(context.Cause(ctx), bridge.ErrHandingOver) {
			_ = p.Hold(reading) // it is held already, or ends
		}
		stop()
	})
	err := p.Pipe.Run(reading, deliver)
	if !cancel() {
		stop()
		<-stopped
	}
	return err
}

func (s *server) pipeMended(m fifo.Mended) {
	s.metrics.Mended(m)
	switch {
	case m.Aside != "":
		s.log.Warn("a plain file in place of the pipe was set aside, and the pipe was made anew", "aside", m.Aside)
	case m.Fault == fifo.WrongMode:
		s.log.Warn("the pipe's permissions had been changed, and were put right")
	default:
		s.log.Warn("the pipe was gone, and was made anew", "found", m.Fault)
	}
}

func (s *server) pipeLost(err error) {
	if err == nil {
		s.log.Info("the pipe is at its place again")
		return
	}
	s.log.Error("the pipe is not at its place and cannot be made anew: what is written there is lost", "error", err)
}

func (s *server) closePipe() error {
	if s.pipe == nil {
		return nil
	}
	return s.pipe.Close()
}

// pipeTrouble returns why writers do not reach the pipe; empty: they do, or there is no pipe.
func (s *server) pipeTrouble() string {
	if s.pipe == nil {
		return ""
	}
	if err := s.pipe.Lost(); err != nil {
		return err.Error()
	}
	return ""
}

package serve

import (
	"cmp"
	"context"
	"math"
	"syscall"
	"time"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/fastcgi/resident"
)

// bridgeConfig returns what cfg says to a bridge whose events go to f, as far as a reload can change it.
func bridgeConfig(cfg *config.Config, f *fpm, lane *resident.Lane) bridge.Config {
	return bridge.Config{
		PHP:              f.client,
		Lane:             bridgeLane(lane),
		Beside:           besideOf(lane),
		LogPayloads:      cfg.Log.Payloads,
		ServerHeader:     cfg.Server.ServerHeader,
		RequireCookie:    cfg.Server.RequireCookie,
		RequireUserAgent: cfg.Server.RequireUserAgent,
		Isolation:        cfg.RunModes(),
		SessionCookie:    cfg.Isolation.SessionCookie,
		Parallel:         f.asked.MaxConnections,
		CloseOnError:     cfg.PHP.OnError == "close",
		LongEvent:        config.LongEvent,
		LastTimeout:      cfg.PHP.LastTimeout(),
		LoopInterval:     cfg.Loop.Interval.Std(),

		LoopWithoutClients: cfg.LoopsWithoutClients(),

		MaxMessage:       int64(cfg.Server.MaxMessage),
		MessageRate:      cfg.Server.MessageRate,
		MessageBurst:     cfg.Server.MessageBurst,
		ControlRate:      cfg.Server.ControlRate,
		ControlBurst:     cfg.Server.ControlBurst(),
		Compression:      cfg.Server.Compression,
		EmptyText:        cfg.Server.EmptyText,
		EventQueue:       config.EventQueue,
		SendQueue:        cfg.Server.SendQueue(),
		SendQueueBytes:   int(cfg.Server.SendQueueBytes),
		HandshakeTimeout: cfg.Server.HandshakeTimeout.Std(),
		WriteTimeout:     cfg.Server.WriteTimeout.Std(),
		MessageTimeout:   cfg.Server.MessageTimeout.Std(),
		PingInterval:     cfg.Server.PingInterval.Std(),
		PongTimeout:      cfg.Server.PongTimeout.Std(),
		IdleTimeout:      cfg.Server.IdleTimeout.Std(),
		QueueWait:        cfg.Server.QueueWait.Std(),
		UnavailableWait:  cfg.PHP.UnavailableWait.Std(),
		DrainTimeout:     cfg.Server.DrainTimeout.Std(),

		EventQueueTotal:      cfg.Server.EventQueueTotal(),
		EventQueueTotalBytes: int(cfg.Server.EventQueueTotalBytes),
		ReadTotalBytes:       int(cfg.Server.ReadTotalBytes),
		SendQueueTotalBytes:  int(cfg.Server.SendQueueTotalBytes),

		MaxHeader: config.MaxHeader,
		Limits:    limits(&cfg.Server, f.asked.MaxConnections),
		Policy:    cfg.Server.Policy(),
	}
}

func limits(s *config.Server, phpConnections int) door.Limits {
	return door.Limits{
		Connections:     cmp.Or(s.MaxConnections, clientLimit(phpConnections)),
		PerAddress:      s.MaxConnectionsPerAddress,
		Rate:            s.HandshakeRate,
		Burst:           s.HandshakeRate,
		RatePerAddress:  s.HandshakeRatePerAddress,
		BurstPerAddress: s.HandshakeRatePerAddress,
		IPv6Prefix:      config.IPv6Prefix,
	}
}

// filesInterval is how often it is looked whether the limit of open files has changed, as by prlimit(1).
const filesInterval = 5 * time.Second

// keepClientLimit keeps the number of clients true to the limit of open files until ctx ends, unless server.max_connections is set.
func (s *server) keepClientLimit(ctx context.Context) {
	tick := time.NewTicker(filesInterval)
	defer tick.Stop()
	for before := clientLimit(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := clientLimit(0)
		if now == before || s.cfg.Load().Server.MaxConnections > 0 {
			continue
		}
		s.log.Info("the limit of open files has changed", "clients", now)
		if err := s.reload.again(ctx, s.putBackend); err != nil {
			if ctx.Err() == nil {
				s.log.Error("the number of clients could not be changed", "error", err)
			}
			continue
		}
		before = now
	}
}

// reservedFiles is how many files the server may have open besides those of clients and php-fpm: standard streams, listeners, the
// pipe, and connections that are told why they are turned away.
const reservedFiles = 128

// clientLimit returns how many clients the limit of open files leaves room for, with that many connections to php-fpm; 0: there is no
// limit. More clients could not be accepted, and could not be told why.
func clientLimit(phpConnections int) int {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil || files.Cur > math.MaxInt32 {
		return 0
	}
	return max(int(files.Cur)-reservedFiles-phpConnections, 1)
}

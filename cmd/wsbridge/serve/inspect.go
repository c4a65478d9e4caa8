package serve

import (
	"context"
	"errors"
	"log/slog"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/protocol"
)

// Inspect starts the php-fpm that Run would use, asks it what the application consists of, and ends it. What php-fpm itself has to say
// goes to fpmLog, what PHP says to phpLog.
func Inspect(ctx context.Context, cfg config.Config, fpmLog, phpLog *slog.Logger) (i *protocol.Inspection, err error) {
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

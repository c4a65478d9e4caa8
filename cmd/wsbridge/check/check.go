package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
	"github.com/wsbridge/wsbridge/protocol"
)

// Inspect asks the php-fpm that serve would use what the application consists of. What php-fpm itself has to say goes to fpm, what
// PHP says to php.
type Inspect func(ctx context.Context, cfg config.Config, fpm, php *slog.Logger) (*protocol.Inspection, error)

// Run makes the report. What is wrong with the application or its configuration is in it; the error is that ctx ended.
func Run(ctx context.Context, from config.Sources, inspect Inspect) (*Report, error) {
	r := newReport(from)
	defer r.finish()
	cfg, err := config.Load(from)
	if err != nil {
		for _, problem := range config.Each(err) {
			r.find(protocol.LevelError, kindConfig, problem)
		}
		return r, nil
	}
	r.configured(cfg)
	var book findingBook
	inspection, err := inspect(ctx, cfg, book.logger(kindFPM), book.logger(kindPHP))
	if ctx.Err() != nil {
		return nil, fmt.Errorf("check application: %w", context.Cause(ctx))
	}
	r.Findings = append(r.Findings, book.all()...)
	if err != nil {
		r.Findings = append(r.Findings, failureFinding(err))
	}
	if inspection != nil {
		r.inspected(cfg, inspection)
	}
	return r, nil
}

// failureFinding is why PHP has not answered: the application's code, or php-fpm itself.
func failureFinding(err error) protocol.Finding {
	f := protocol.Finding{Level: protocol.LevelError, Kind: kindFPM, Message: err.Error()}
	if failure, ok := errors.AsType[*protocol.Failure](err); ok {
		f.Kind, f.Message, f.File, f.Line = kindPHP, failure.Message, failure.File, failure.Line
	}
	return f
}

// WriteJSON writes the report as one document.
func (r *Report) WriteJSON(out io.Writer) error { return terminal.WriteJSON(out, r, "  ") }

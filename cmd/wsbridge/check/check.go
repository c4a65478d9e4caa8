// Package check reports what moving an application to wsbridge would mean. The command check calls it: Run asks php-fpm through a
// function that it is given and returns a Report, which is written as text or JSON.
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

// Run makes a report on the application that from configures. The report has everything that is wrong; an error means that ctx ended.
// It blocks until inspect returns.
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
	var logged logFindings
	inspection, err := inspect(ctx, cfg, logged.logger(kindFPM), logged.logger(kindPHP))
	if ctx.Err() != nil {
		return nil, fmt.Errorf("check application: %w", context.Cause(ctx))
	}
	r.Findings = append(r.Findings, logged.list()...)
	if err != nil {
		r.Findings = append(r.Findings, failureFinding(err))
	}
	if inspection != nil {
		r.inspected(cfg, inspection)
	}
	return r, nil
}

// failureFinding returns why PHP has not answered: the application's code, or php-fpm itself.
func failureFinding(err error) protocol.Finding {
	f := protocol.Finding{Level: protocol.LevelError, Kind: kindFPM, Message: err.Error()}
	if failure, ok := errors.AsType[*protocol.Failure](err); ok {
		f.Kind, f.Message, f.File, f.Line = kindPHP, failure.Message, failure.File, failure.Line
	}
	return f
}

// WriteJSON writes the report as one document.
func (r *Report) WriteJSON(out io.Writer) error { return terminal.WriteJSON(out, r, "  ") }

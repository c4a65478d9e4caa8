package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/protocol"
)

func newCheckCommand() *cobra.Command {
	var from config.Sources
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check (--settings FILE | --config FILE) [--fastcgi ADDRESS] [--json]",
		Short: "Report what moving an application would mean",
		Long: `Reads the configuration as serve does, lets php-fpm load the application's code, and reports
what it found: handlers and how they would run, global variables and whether they live, and
what would behave in another way than under the original server. It calls no handler, makes
no pipe and does not listen, so it may run beside either server; what stands at the events
file's file scope runs, as it does whenever that file is included.

Exit codes: 0 nothing to worry about, 1 warnings, 2 it would not work, or wrong use.`,
		Example: `  wsbridge check --settings /etc/push/server_shared.conf
  wsbridge check --config /etc/wsbridge/wsbridge.toml --json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := requireSources(cmd, from); err != nil {
				return err
			}
			report, err := check(cmd.Context(), from)
			if err != nil {
				return err
			}
			return publish(cmd.OutOrStdout(), report, asJSON)
		},
	}
	addSourceFlags(cmd, &from)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as one JSON document")
	return cmd
}

// check makes the report. What is wrong with the application or its configuration is in it; the error is that ctx ended.
func check(ctx context.Context, from config.Sources) (*Report, error) {
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
	inspection, err := inspect(ctx, cfg, &book)
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

// inspect asks the php-fpm that serve would use.
func inspect(ctx context.Context, cfg config.Config, book *findingBook) (i *protocol.Inspection, err error) {
	place, err := openPlace(&cfg.PHP)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, place.close()) }()
	php, err := place.start(ctx, cfg, book.logger(kindFPM), book.logger(kindPHP))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, php.stop()) }()
	return php.client.Inspect(ctx)
}

// failureFinding is why PHP has not answered: the application's code, or php-fpm itself.
func failureFinding(err error) protocol.Finding {
	f := protocol.Finding{Level: protocol.LevelError, Kind: kindFPM, Message: err.Error()}
	if failure, ok := errors.AsType[*protocol.Failure](err); ok {
		f.Kind, f.Message, f.File, f.Line = kindPHP, failure.Message, failure.File, failure.Line
	}
	return f
}

// publish writes the report and turns its verdict into the command's end.
func publish(out io.Writer, r *Report, asJSON bool) error {
	write := r.writeText
	if asJSON {
		write = r.writeJSON
	}
	if err := write(out); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if r.Verdict == verdictClean {
		return nil
	}
	return &verdictError{r.Verdict}
}

func (r *Report) writeJSON(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

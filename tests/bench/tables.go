package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// tablesApplication measures one way of handing over rows per event.
//
//go:embed tables.php
var tablesApplication string

// repetitions of each way; the median counts. Each is a request of its own, since a process that has just decoded rows
// has memory at hand for the next.
const repetitions = 15

// measurement is what tables.php answers.
type measurement struct {
	NS     int64
	Rows   int
	Shared int64 // memory of all workers together that it takes, and gives back only when PHP starts again

	Missing, Held          bool
	JSON, Serialize, Array int64 // sizes
}

// measureTables prints a table of what the ways of handing rows to PHP cost there.
func measureTables(ctx context.Context, o options) (err error) {
	p, err := startPHP(ctx, tablesApplication, tablesINI(o))
	if err != nil {
		return fmt.Errorf("start php-fpm: %w", err)
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	folder := filepath.Join(p.dir, "rows")
	if err := errors.Join(os.Mkdir(folder, 0o777), os.Chmod(folder, 0o777)); err != nil { // php-fpm's user writes there
		return err
	}
	fmt.Printf("median of %d requests\n\n", repetitions)
	fmt.Println("| rows | way | bytes | time | shared memory |")
	fmt.Println("| ---: | --- | ---: | ---: | ---: |")
	for _, rows := range o.connected {
		if err := p.measureWays(ctx, rows); err != nil {
			return fmt.Errorf("%d rows: %w", rows, err)
		}
	}
	return nil
}

func tablesINI(o options) map[string]string {
	ini := map[string]string{
		"opcache.memory_consumption":    "1024", // each version of an array file takes its part, until PHP starts again
		"opcache.max_wasted_percentage": "50",
		"apc.shm_size":                  "256M",
	}
	if o.extension != "" {
		ini["extension"] = o.extension
	}
	return ini
}

func (p *php) measureWays(ctx context.Context, rows int) error {
	files, err := p.measureFiles(ctx, rows)
	if err != nil {
		return err
	}
	size, compile, held, change := files[0], files[1], files[2], files[3]
	decode, err := p.measureWay(ctx, "json_decode", rows)
	if err != nil {
		return err
	}
	unserialize, err := p.measureWay(ctx, "unserialize", rows)
	if err != nil {
		return err
	}
	line := func(way string, bytes int64, m measurement) {
		shared := ""
		if m.Shared != 0 {
			shared = fmt.Sprintf("%d KiB", m.Shared>>10)
		}
		fmt.Printf("| %d | %s | %d | %v | %s |\n", rows, way, bytes, round(time.Duration(m.NS)), shared)
	}
	line("json_decode", size.JSON, decode)
	line("unserialize", size.Serialize, unserialize)
	line("array file, first include", size.Array, compile)
	line("array file, held by opcache", size.Array, held)
	line("the same, and a row changed", size.Array, change)
	return p.measureAPCu(ctx, rows)
}

// measureFiles writes version after version of the rows, and includes each twice: when it is new, and when opcache holds
// it. It returns sizes and the medians of the first include, the second, and of a change.
func (p *php) measureFiles(ctx context.Context, rows int) (medians [4]measurement, err error) {
	var all [4][]measurement
	for version := range repetitions {
		for i, way := range []string{"write", "compile", "include", "change"} {
			m, err := p.askRows(ctx, way, rows, version)
			if err != nil {
				return medians, err
			}
			if way == "include" && !m.Held {
				return medians, errors.New("opcache does not hold the file")
			}
			all[i] = append(all[i], m)
		}
	}
	for i := range all {
		medians[i] = median(all[i])
	}
	return medians, nil
}

func (p *php) measureWay(ctx context.Context, way string, rows int) (measurement, error) {
	var all []measurement
	for range repetitions {
		m, err := p.askRows(ctx, way, rows, 0)
		if err != nil || m.Missing {
			return m, err
		}
		all = append(all, m)
	}
	return median(all), nil
}

func (p *php) measureAPCu(ctx context.Context, rows int) error {
	stored, err := p.askRows(ctx, "apcu", rows, 0)
	if err != nil {
		return err
	}
	if stored.Missing {
		fmt.Printf("| %d | APCu | | not installed | |\n", rows)
		return nil
	}
	m, err := p.measureWay(ctx, "apcu", rows)
	if err == nil {
		fmt.Printf("| %d | apcu_fetch | | %v | %d KiB |\n", rows, round(time.Duration(m.NS)), stored.Shared>>10)
	}
	return err
}

func median(all []measurement) measurement {
	slices.SortFunc(all, func(a, b measurement) int { return int(a.NS - b.NS) })
	return all[len(all)/2]
}

// askRows has tables.php measure a way in one request.
func (p *php) askRows(ctx context.Context, way string, rows, version int) (m measurement, err error) {
	answer, err := p.ask(ctx, fmt.Sprintf(`{"way":%q,"rows":%d,"version":%d}`, way, rows, version))
	if err != nil {
		return m, fmt.Errorf("%s: %w", way, err)
	}
	if err := json.Unmarshal([]byte(answer), &m); err != nil {
		return m, fmt.Errorf("%s: %w", way, err)
	}
	if m.NS > 0 && m.Rows != rows {
		return m, fmt.Errorf("%s: %d rows", way, m.Rows)
	}
	return m, nil
}

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
	"strconv"
	"time"
)

// tablesApplication measures one way of handing over rows per event.
//
//go:embed tables.php
var tablesApplication string

// versions of the rows are written one after the other, and each way is measured with each; the median counts. Each
// measurement is a request of its own, since a process that has just decoded rows has memory at hand for the next.
const versions = 15

// way is one of handing over rows, as tables.php calls it.
type way struct{ name, title string }

func ways() []way {
	return []way{
		{"json_decode", "json_decode"}, // what the others are compared with
		{"unserialize", "unserialize"},
		{"compile", "array file, first include"},
		{"include", "array file, held by opcache"},
		{"change", "writing to a row of that"},
		{"delta", "held, and a tenth of the rows unserialized"},
		{"apcu", "apcu_fetch"},
	}
}

// measurement is what tables.php answers.
type measurement struct {
	NS     int64
	Rows   int
	Bytes  int64
	Shared int64 // memory of all workers together
	Held   bool  // by opcache
}

// measureTables prints what the ways of handing rows to PHP cost there, as a table.
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
	fmt.Printf("median of %d requests, ratios of those next to each other\n\n", versions)
	fmt.Println("| rows | way | bytes | time | of json_decode | shared memory of a version |")
	fmt.Println("| ---: | --- | ---: | ---: | ---: | ---: |")
	for _, rows := range o.connected {
		all, err := p.measureWays(ctx, rows)
		if err != nil {
			return fmt.Errorf("%d rows: %w", rows, err)
		}
		for _, w := range ways() {
			printWay(rows, w, all[w.name], all["json_decode"])
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

// measureWays returns the measurements of each way, one for each version of the rows.
func (p *php) measureWays(ctx context.Context, rows int) (all map[string][]measurement, err error) {
	all = map[string][]measurement{}
	for version := range versions {
		if _, err := p.askRows(ctx, "write", rows, version); err != nil {
			return nil, err
		}
		for _, w := range ways() {
			m, err := p.askRows(ctx, w.name, rows, version)
			if err != nil {
				return nil, err
			}
			if w.name == "include" && !m.Held {
				return nil, errors.New("opcache does not hold the file")
			}
			all[w.name] = append(all[w.name], m)
		}
	}
	return all, nil
}

// askRows has tables.php do or measure one thing in a request.
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

// printWay prints a line of the table; base is what the ratio refers to.
func printWay(rows int, w way, all, base []measurement) {
	if all[0].NS == 0 {
		fmt.Printf("| %d | %s | | not installed | | |\n", rows, w.title)
		return
	}
	var times, ratios, shared []float64
	for i, m := range all {
		times = append(times, float64(m.NS))
		ratios = append(ratios, float64(m.NS)/float64(base[i].NS))
		shared = append(shared, float64(m.Shared))
	}
	bytes, memory := "", ""
	if all[0].Bytes > 0 {
		bytes = strconv.FormatInt(all[0].Bytes, 10)
	}
	if s := median(shared); s > 0 {
		memory = fmt.Sprintf("%.0f KiB", s/(1<<10))
	}
	fmt.Printf("| %d | %s | %s | %v | %.4f | %s |\n", rows, w.title, bytes, round(time.Duration(median(times))), median(ratios), memory)
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

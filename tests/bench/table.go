package main

import (
	"fmt"
	"strings"
)

// limit is what a measured value is wanted to be at least or at most. The zero limit wants nothing.
type limit struct {
	op    string // "≥" or "≤"
	value float64
}

func (l limit) text(write func(float64) string) string {
	if l.op == "" {
		return ""
	}
	return l.op + " " + write(l.value)
}

func (l limit) verdict(measured float64) string {
	switch {
	case l.op == "":
		return ""
	case l.op == "≥" && measured >= l.value, l.op == "≤" && measured <= l.value:
		return "met"
	}
	return "missed"
}

// row is one thing measured, in each round. Rows without a limit explain the others.
type row struct {
	name   string
	limit  limit
	write  func(float64) string
	values []float64
}

func printRows(rows []row) {
	fmt.Println("| what | wanted | measured | in each round | |\n| --- | ---: | ---: | --- | --- |")
	for _, r := range rows {
		middle := median(r.values)
		fmt.Printf("| %s | %s | %s | %s | %s |\n", r.name, r.limit.text(r.write), r.write(middle), list(r.values, r.write), r.limit.verdict(middle))
	}
}

// comparison is one thing measured on both sides, in each round. The limit is that of the ratio of now to before.
type comparison struct {
	name        string
	limit       limit
	write       func(float64) string
	before, now []float64
}

func printComparisons(all []comparison) {
	fmt.Println("| what | before | now | now to before | in each round | wanted | |\n| --- | ---: | ---: | ---: | --- | ---: | --- |")
	for _, c := range all {
		of := ratios(c.now, c.before)
		middle := median(of)
		fmt.Printf("| %s | %s | %s | %s | %s | %s | %s |\n", c.name, c.write(median(c.before)), c.write(median(c.now)),
			ratio(middle), list(of, ratio), c.limit.text(ratio), c.limit.verdict(middle))
	}
}

func list(values []float64, write func(float64) string) string {
	var texts []string
	for _, value := range values {
		texts = append(texts, write(value))
	}
	return strings.Join(texts, ", ")
}

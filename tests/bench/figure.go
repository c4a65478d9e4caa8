package main

import (
	"fmt"
	"slices"
	"strings"
)

// figure is one value that is wanted to be at least or at most something: mostly a ratio, in each round.
type figure struct {
	name    string
	value   string // what was measured: both sides of a ratio
	limit   limit
	write   func(float64) string
	values  []float64
	cpu     []float64 // what the values would be if only CPU time counted; nil: not asked
	missing string    // why it could not be measured; "": it was
	remarks string
}

// figureRatio is the figure of what of tells about some results, to what it tells about others of the same rounds.
func figureRatio(name string, wanted limit, write func(float64) string, some, others []result, of func(result) float64) figure {
	a, b := each(some, of), each(others, of)
	return figure{
		name: name, value: write(median(a)) + " to " + write(median(b)), limit: wanted, write: ratio, values: ratios(a, b),
		remarks: cpuRemark(some) + " to " + cpuRemark(others),
	}
}

// figureRates is the ratio of two rates.
func figureRates(name string, wanted limit, some, others []result) figure {
	f := figureRatio(name, wanted, whole, some, others, rate)
	f.cpu = ratios(each(others, allCPU), each(some, allCPU))
	return f
}

// cpuRemark says whose CPU time an event takes.
func cpuRemark(rounds []result) string {
	var texts []string
	for _, of := range []func(result) float64{serverCPU, phpCPU, loadCPU} {
		texts = append(texts, brief(median(each(rounds, of))))
	}
	return strings.Join(texts, " + ")
}

func printFigures(all []figure) {
	fmt.Println("| figure | value | ratio (min–max) | wanted | | by CPU time | CPU per event: server + PHP + load |")
	fmt.Println("| --- | ---: | ---: | ---: | --- | ---: | --- |")
	for _, f := range all {
		if f.missing != "" {
			fmt.Printf("| %s | not available: %s | | %s | | | |\n", f.name, f.missing, f.limit.text(f.write))
			continue
		}
		middle := median(f.values)
		fmt.Printf("| %s | %s | %s%s | %s | %s | %s | %s |\n", f.name, f.value, f.write(middle), f.span(), f.limit.text(f.write),
			f.limit.verdict(middle), f.byCPU(), f.remarks)
	}
}

func (f figure) byCPU() string {
	if f.cpu == nil {
		return ""
	}
	return ratio(median(f.cpu))
}

// span writes the lowest and the highest of several values.
func (f figure) span() string {
	if len(f.values) == 1 {
		return ""
	}
	return fmt.Sprintf(" (%s–%s)", f.write(slices.Min(f.values)), f.write(slices.Max(f.values)))
}

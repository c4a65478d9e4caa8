package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// numbers is a flag of ascending, comma-separated numbers.
type numbers []int

func (n *numbers) String() string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(*n), " ", ","), "[]")
}

// Set reads the flag's value.
func (n *numbers) Set(value string) error {
	*n = nil
	for part := range strings.SplitSeq(value, ",") {
		number, err := strconv.Atoi(part)
		if err != nil || number < 1 || len(*n) > 0 && number <= (*n)[len(*n)-1] {
			return errors.New("want ascending numbers, as in 10,1000")
		}
		*n = append(*n, number)
	}
	return nil
}

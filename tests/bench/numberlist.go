package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// numberList is a flag of ascending, comma-separated numbers.
type numberList []int

func (l *numberList) String() string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(*l), " ", ","), "[]")
}

// Set reads the flag's value.
func (l *numberList) Set(value string) error {
	*l = nil
	for text := range strings.SplitSeq(value, ",") {
		number, err := strconv.Atoi(text)
		if err != nil || number < 1 || len(*l) > 0 && number <= (*l)[len(*l)-1] {
			return errors.New("want ascending numbers, as in 10,1000")
		}
		*l = append(*l, number)
	}
	return nil
}

package config

import (
	"maps"
	"reflect"
	"slices"
)

// Changed returns the keys whose values differ, sorted, and how many keys there are.
func Changed(a, b *Config) (keys []string, all int) {
	before, after := fields(a), fields(b)
	for _, key := range slices.Sorted(maps.Keys(before)) {
		if !reflect.DeepEqual(before[key], after[key]) {
			keys = append(keys, key)
		}
	}
	return keys, len(before)
}

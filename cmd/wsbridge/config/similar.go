package config

import (
	"maps"
	"slices"
	"strings"
)

// Similar returns those of known that may be meant by name, which is not among them: they differ in the fewest letters, in one of three at
// most and in no more than three. Case does not matter, nor what joins words.
func Similar(name string, known []string) (meant []string) {
	const most = 3
	fold := strings.NewReplacer("-", "_", " ", "_")
	given := fold.Replace(strings.ToLower(name))
	best := min(max(len(given)/most, 1), most)
	for _, candidate := range known {
		switch d := distance(given, fold.Replace(strings.ToLower(candidate))); {
		case d < best:
			best, meant = d, []string{candidate}
		case d == best && !slices.Contains(meant, candidate):
			meant = append(meant, candidate)
		}
	}
	if len(meant) > most { // then it is a guess
		return nil
	}
	return meant
}

// Meant returns those of known that may be meant by name: those that begin like it, else those that are similar.
func Meant(name string, known []string) (meant []string) {
	for _, candidate := range known {
		if name != "" && strings.HasPrefix(candidate, name) {
			meant = append(meant, candidate)
		}
	}
	if len(meant) > 0 {
		return meant
	}
	return Similar(name, known)
}

// distance returns how many letters have to be put in, taken out, replaced, or exchanged with the next one, to make b of a.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, before
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replaced := last[j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			row[j] = min(last[j]+1, row[j-1]+1, replaced)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}

// DidYouMean returns the question, to be added to what is wrong; empty: nothing is known that could be meant.
func DidYouMean(meant []string) string {
	if len(meant) == 0 {
		return ""
	}
	return ": did you mean " + Either(meant) + "?"
}

// meantKeys returns the keys, or the sections in brackets, that an unknown key may stand for: those like it, those of the same name in
// another section, and those of a name like it.
func meantKeys[S any](key string, known map[string]any, sections map[string]S) []string {
	key = strings.Trim(key, `"`) // "server.listen" is a key with a dot
	section, name, inSection := strings.Cut(key, ".")
	if !inSection {
		name = key
		if meant := Meant(section, slices.Sorted(maps.Keys(sections))); len(meant) > 0 {
			for i := range meant {
				meant[i] = "[" + meant[i] + "]"
			}
			return meant
		}
	}
	all, byName := slices.Sorted(maps.Keys(known)), map[string][]string{}
	for _, full := range all {
		_, short, _ := strings.Cut(full, ".")
		byName[short] = append(byName[short], full)
	}
	if meant := Similar(key, all); len(meant) > 0 && inSection {
		return meant
	}
	if meant := byName[name]; len(meant) > 0 {
		return meant
	}
	var meant []string
	for _, short := range Similar(name, slices.Sorted(maps.Keys(byName))) {
		meant = append(meant, byName[short]...)
	}
	return meant
}

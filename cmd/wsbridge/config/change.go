package config

import (
	"reflect"
)

// Change is what a reload has done, by key.
type Change struct {
	Applied    []string `json:"applied"`     // in force now
	NewClients []string `json:"new_clients"` // those of Applied that hold only for clients that come from now on
	Restart    []string `json:"restart"`     // differ from what is in force, which only a restart changes
	Unchanged  int      `json:"unchanged"`   // how many other keys there are
}

// Merge returns what comes into force if fresh, which Load has returned, is to take the place of running without a restart: all
// of fresh but the keys that need one.
func Merge(running, fresh Config) (Config, Change) {
	merged := fresh
	change := Change{Applied: []string{}, NewClients: []string{}, Restart: []string{}}
	before := fields(&running)
	for _, f := range list(&merged) {
		target, old := reflect.ValueOf(f.value).Elem(), reflect.ValueOf(before[f.key]).Elem()
		switch effect := effectOf(f.key); {
		case reflect.DeepEqual(target.Interface(), old.Interface()):
			change.Unchanged++
		case effect == Restart:
			change.Restart = append(change.Restart, f.key)
			target.Set(old)
		default:
			change.Applied = append(change.Applied, f.key)
			if effect == NewClients {
				change.NewClients = append(change.NewClients, f.key)
			}
		}
	}
	return merged, change
}

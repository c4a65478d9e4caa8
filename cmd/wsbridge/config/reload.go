package config

import "reflect"

// Reload says whom a changed value reaches when a running server reads its configuration again.
type Reload string

// The classes of keys, as the annotated wsbridge.toml marks them.
const (
	AtOnce     Reload = "at once"     // everybody; what php-fpm is started with, by a second php-fpm that takes over
	NewClients Reload = "new clients" // connected clients keep the old value
	Restart    Reload = "restart"     // nobody before the server is restarted
)

// Change is what a reload has done, by key.
type Change struct {
	Applied    []string // in force now
	NewClients []string // those of Applied that only clients who connect from now on get
	Restart    []string // changed, but not in force before a restart
	Unchanged  int      // the number of other keys
}

// Merge returns the configuration that a reload puts into force: fresh, which Load has returned, except that keys of class
// Restart keep their values in running.
func Merge(running, fresh Config) (Config, Change) {
	merged := fresh
	change := Change{Applied: []string{}, NewClients: []string{}, Restart: []string{}}
	before, classes := fields(&running), readAnnotated().reloads()
	for _, f := range list(&merged) {
		class := classes[f.key]
		if f.key == "server.acme" && (len(running.Server.ACME) == 0) != (len(fresh.Server.ACME) == 0) {
			class = Restart // whether there is TLS, and where certificates come from
		}
		switch {
		case reflect.DeepEqual(f.value, before[f.key]):
			change.Unchanged++
		case class == Restart:
			change.Restart = append(change.Restart, f.key)
			reflect.ValueOf(f.value).Elem().Set(reflect.ValueOf(before[f.key]).Elem())
		default:
			change.Applied = append(change.Applied, f.key)
			if class == NewClients {
				change.NewClients = append(change.NewClients, f.key)
			}
		}
	}
	return merged, change
}

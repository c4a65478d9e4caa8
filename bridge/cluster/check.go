package cluster

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Server is what Redis says of itself.
type Server struct {
	Name     string // "redis" or "valkey"
	Version  string
	Warnings []string // settings that cost more than they must when something fails
}

// check asks Redis what it is. An error says what it lacks.
func (r *Redis) check(ctx context.Context) (Server, error) {
	fields := map[string]string{}
	for _, section := range []string{"server", "memory", "replication"} {
		client, err := r.conn.get(ctx)
		if err != nil {
			return Server{}, r.away(err)
		}
		text, err := client.Do(ctx, client.B().Info().Section(section).Build()).ToString()
		if err != nil {
			return Server{}, r.away(err)
		}
		readInfo(text, fields)
	}
	s, err := serverOf(fields)
	if err != nil {
		return s, fmt.Errorf("redis at %s: %w", r.conn.address, err)
	}
	if fields["connected_slaves"] != "0" && r.setting(ctx, "min-replicas-to-write") == "0" {
		s.Warnings = append(s.Warnings,
			"it has replicas, and min-replicas-to-write is 0: a master that is cut off from them goes on, beside the new one")
	}
	return s, nil
}

// setting returns one of Redis' settings, or "" if this user may not see it.
func (r *Redis) setting(ctx context.Context, name string) string {
	client, err := r.conn.get(ctx)
	if err != nil {
		return ""
	}
	values, err := client.Do(ctx, client.B().ConfigGet().Parameter(name).Build()).AsStrMap()
	if err != nil {
		return ""
	}
	return values[name]
}

// readInfo adds the fields of INFO's answer.
func readInfo(text string, fields map[string]string) {
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			fields[name] = value
		}
	}
}

// serverOf refuses what cannot do.
func serverOf(fields map[string]string) (Server, error) {
	s := Server{Name: "redis", Version: fields["redis_version"]}
	if v := fields["valkey_version"]; v != "" {
		s = Server{Name: "valkey", Version: v}
	} else if !atLeast(s.Version, 6, 2) {
		return s, fmt.Errorf("its version is %q, and 6.2 is needed", s.Version)
	}
	if fields["redis_mode"] == "cluster" || fields["server_mode"] == "cluster" {
		return s, errors.New("it is a Redis Cluster: a single server is needed, with replicas and Sentinel if it has to be available")
	}
	if fields["role"] == "slave" {
		return s, fmt.Errorf("it is a replica: %w", ErrAway)
	}
	policy := fields["maxmemory_policy"]
	if evicts := strings.HasPrefix(policy, "allkeys-"); evicts && fields["maxmemory"] != "0" {
		return s, fmt.Errorf("its maxmemory-policy is %s, which removes keys that are in use: noeviction is needed", policy)
	} else if evicts {
		s.Warnings = append(s.Warnings, fmt.Sprintf("its maxmemory-policy is %s: as soon as maxmemory is set, it cannot be used", policy))
	}
	return s, nil
}

func atLeast(version string, major, minor int) bool {
	first, rest, _ := strings.Cut(version, ".")
	second, _, _ := strings.Cut(rest, ".")
	a, errA := strconv.Atoi(first)
	b, errB := strconv.Atoi(second)
	return errA == nil && errB == nil && (a > major || a == major && b >= minor)
}

package config

import (
	"testing"

	"github.com/wsbridge/wsbridge/fastcgi"
)

func TestMemoryLimitNotation(t *testing.T) {
	for text, want := range map[string]bool{
		"512M": true, "1g": true, "65536": true, "-1": true,
		"": false, "0": false, "-2": false, "512MB": false, "M": false, "1.5G": false, "5MM": false, "M5": false,
	} {
		if got := isMemoryLimit(text); got != want {
			t.Errorf("%q: got %v", text, got)
		}
	}
}

func TestEndpoint(t *testing.T) {
	for text, want := range map[string]bool{
		"unix:/run/php.sock": true, "tcp:127.0.0.1:9000": true, "tcp:[::1]:9000": true, "tcp:php:9000": true,
		"": false, "unix:run/php.sock": false, "unix:": false, "tcp:127.0.0.1": false, "tcp::9000": false,
		"tcp:127.0.0.1:0": false, "tcp:127.0.0.1:65536": false, "127.0.0.1:9000": false, "/run/php.sock": false,
	} {
		c := PHP{FastCGI: text}
		if network, address, ok := c.Endpoint(); ok != want || ok && network+":"+address != text {
			t.Errorf("%q: got %q, %q, %v", text, network, address, ok)
		}
	}
}

func TestConnectionsNeverExceedOwnWorkers(t *testing.T) {
	for _, tt := range []struct {
		php  PHP
		want int
	}{
		{PHP{Workers: 7}, 7},
		{PHP{Workers: 7, MaxConnections: 3}, 3},
		{PHP{Workers: 7, FastCGI: "unix:/s"}, 4},
		{PHP{Workers: 7, FastCGI: "unix:/s", MaxConnections: 20}, 20},
	} {
		if got := tt.php.Connections(); got != tt.want {
			t.Errorf("%+v: got %d, want %d", tt.php, got, tt.want)
		}
	}
}

func TestConnectionsLeaveASharedPHPItsReserve(t *testing.T) {
	for _, tt := range []struct {
		manager string
		workers int
		php     PHP
		want    int
	}{
		{"static", 10, PHP{Reserve: 1}, 9},
		{"static", 10, PHP{}, 10},
		{"static", 10, PHP{Reserve: 3, MaxConnections: 5}, 5},
		{"static", 10, PHP{Reserve: 3, MaxConnections: 50}, 7},
		{"static", 2, PHP{Reserve: 3}, 1},
		{"dynamic", 2, PHP{Reserve: 1}, 4},
		{"dynamic", 20, PHP{Reserve: 1}, 19},
		{"ondemand", 20, PHP{Reserve: 1, MaxConnections: 6}, 6},
	} {
		tt.php.FastCGI = "unix:/s"
		if got := tt.php.ConnectionsTo(&fastcgi.Status{Manager: tt.manager, Workers: tt.workers}); got != tt.want {
			t.Errorf("%+v: got %d", tt, got)
		}
	}
	unknown := PHP{FastCGI: "unix:/s", Reserve: 1}
	if got := unknown.ConnectionsTo(nil); got != externalConnections {
		t.Errorf("not asked: got %d", got)
	}
}

func TestMemoryLimitInBytes(t *testing.T) {
	for text, want := range map[string]int64{"512M": 512 << 20, "1g": 1 << 30, "64k": 64 << 10, "1000": 1000, "-1": 0} {
		if got := (&PHP{MemoryLimit: text}).MemoryBytes(); got != want {
			t.Errorf("%s: got %d, want %d", text, got, want)
		}
	}
}

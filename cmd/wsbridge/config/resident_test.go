package config

import "testing"

func TestResidentsAreWhereThereIsAPoolForThem(t *testing.T) {
	for _, tt := range []struct {
		resident, fastCGI, pool string
		has                     bool
		address                 string
	}{
		{"auto", "", "", true, ""},
		{"on", "", "", true, ""},
		{"off", "", "", false, ""},
		{"auto", "unix:/s", "", false, ""},
		{"auto", "unix:/s", "unix:/r", true, "/r"},
		{"on", "unix:/s", "tcp:127.0.0.1:9001", true, "127.0.0.1:9001"},
		{"off", "unix:/s", "unix:/r", false, ""},
		{"auto", "", "unix:/r", true, ""},
	} {
		c := PHP{Resident: tt.resident, FastCGI: tt.fastCGI, ResidentFastCGI: tt.pool}
		_, address, ok := c.ResidentEndpoint()
		if c.HasResidents() != tt.has || address != tt.address || ok != (tt.address != "") {
			t.Errorf("%+v: got %v, %q, %v", tt, c.HasResidents(), address, ok)
		}
	}
}

func TestAnotherMachineHasOtherFolders(t *testing.T) {
	for pool, want := range map[string]bool{
		"unix:/r": true, "tcp:127.0.0.1:9001": true, "tcp:[::1]:9001": true, "tcp:localhost:9001": true,
		"tcp:php:9001": false, "tcp:10.0.0.1:9001": false,
	} {
		if got := sharesFolders(pool); got != want {
			t.Errorf("%s: got %v", pool, got)
		}
	}
}

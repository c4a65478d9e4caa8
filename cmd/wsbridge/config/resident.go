package config

import (
	"fmt"
	"net"
	"net/netip"
)

// HasResidents reports whether PHP runs in workers that stay, in a pool of their own.
func (c *PHP) HasResidents() bool {
	return c.Resident == "on" || c.Resident == "auto" && (!c.External() || c.ResidentFastCGI != "")
}

// NoResidents says why HasResidents is false.
func (c *PHP) NoResidents() string {
	if c.Resident == "auto" {
		return "php.resident_fastcgi names no pool for resident workers in the php-fpm that php.fastcgi names"
	}
	return fmt.Sprintf("php.resident = %q", c.Resident)
}

// ResidentEndpoint returns the address of an existing php-fpm's pool for resident workers, as arguments of net.Dial. ok is false if
// there are to be none, or if they run in wsbridge's own php-fpm.
func (c *PHP) ResidentEndpoint() (network, address string, ok bool) {
	if !c.External() || !c.HasResidents() {
		return "", "", false
	}
	return endpoint(c.ResidentFastCGI)
}

func (c *checker) residents(p *PHP) {
	c.oneOf("php.resident", p.Resident, "auto", "on", "off")
	pool := p.ResidentFastCGI
	c.require(p.Resident != "on" || !p.External() || pool != "", "php.resident", p.Resident,
		"want php.resident_fastcgi, the address of a pool for resident workers in that php-fpm (deploy/php-fpm/wsbridge.conf has one)")
	if pool == "" {
		return
	}
	_, _, ok := endpoint(pool)
	c.require(ok, "php.resident_fastcgi", pool, `want "unix:/path" or "tcp:host:port"`)
	c.require(pool != p.FastCGI, "php.resident_fastcgi", pool, "is php.fastcgi, too: resident workers would take the workers of events")
	c.require(!ok || p.RunDir != "" || !p.HasResidents() || sharesFolders(pool), "php.resident_fastcgi", pool,
		"want php.run_dir, a folder that this php-fpm has at the same path: resident workers connect to a socket there")
}

// sharesFolders reports whether php-fpm at that endpoint is likely to have the folder for temporary files that wsbridge has. On
// another machine it has not.
func sharesFolders(pool string) bool {
	network, address, _ := endpoint(pool)
	if network == "unix" {
		return true
	}
	host, _, _ := net.SplitHostPort(address)
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

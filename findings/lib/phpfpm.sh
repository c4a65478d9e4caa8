# Sourced by the scripts that need php-fpm. It unpacks a pinned php-fpm into a temp folder and starts it there. It
# needs Debian 12 on amd64, but no root. When the script ends, everything it started ends too, and the folder is
# removed.

set -eu

php=8.2.36-1~deb12u1

dir=$(mktemp -d)
chmod 755 "$dir"
master=

finish() {
	code=$?
	trap - EXIT
	stop
	rm -rf "$dir"
	exit "$code"
}
trap finish EXIT
trap 'exit 2' INT TERM

# stop ends the master, which ends its workers.
stop() {
	[ -n "$master" ] || return 0
	kill "$master" 2>/dev/null || true
	wait "$master" 2>/dev/null || true
	master=
}

# package NAME=VERSION downloads a Debian package and unpacks it below $dir/root.
package() {
	mkdir -p "$dir/root" "$dir/debs"
	if ! (cd "$dir/debs" && apt-get download "$1" >"$dir/apt.log" 2>&1); then
		cat "$dir/apt.log" >&2
		echo "cannot download $1: if apt knows no such version, run apt-get update" >&2
		exit 2
	fi
	dpkg -x "$dir"/debs/*.deb "$dir/root"
	rm "$dir"/debs/*.deb
}

# install_fpm unpacks php-fpm, and the PHP that runs lib/client.php. Their shared libraries are the host's.
install_fpm() {
	package "php8.2-fpm=$php"
	package "php8.2-cli=$php"
	if ldd "$dir/root/usr/sbin/php-fpm8.2" "$dir/root/usr/bin/php8.2" | grep 'not found' >&2; then
		echo "apt-get install php8.2-fpm brings these libraries" >&2
		exit 2
	fi
	echo "php-fpm $php, Debian package php8.2-fpm"
}

# pool NAME ADDRESS prints the first lines of a pool's configuration.
pool() {
	printf '[%s]\nlisten = %s\npm = static\npm.max_children = 1\n' "$1" "$2"
	[ "$(id -u)" != 0 ] || printf 'user = root\n'
}

# start starts a master with the pools that standard input configures, and waits until it is ready. Arguments are passed to
# php-fpm. The log is $dir/log.
start() {
	{
		printf '[global]\nerror_log = %s/log\ndaemonize = no\n' "$dir"
		cat
	} >"$dir/fpm.conf"
	: >"$dir/log"
	"$dir/root/usr/sbin/php-fpm8.2" -n -R -y "$dir/fpm.conf" "$@" &
	master=$!
	for _ in $(seq 100); do
		! grep -q 'ready to handle' "$dir/log" || return 0
		sleep 0.1
	done
	cat "$dir/log" >&2
	echo "php-fpm did not start" >&2
	exit 2
}

# client runs PHP code from standard input. The code may use lib/client.php's Connection, and $dir is the temp folder.
client() {
	{
		printf '<?php require "%s/client.php"; $dir = "%s";\n' "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)" "$dir"
		cat
	} >"$dir/client.php"
	timeout 60 "$dir/root/usr/bin/php8.2" -n -d display_errors=stderr "$dir/client.php"
}

# expect WHAT SEEN WANTED prints what was seen, and ends the script with status 1 if it is not what was wanted.
expect() {
	if [ "$2" != "$3" ]; then
		echo "CHANGED: $1: $2 (was: $3)"
		exit 1
	fi
	echo "$1: $2"
}

# field NAME prints the value of the line "NAME: value" of standard input.
field() {
	sed -n "s/^$1: *//p"
}

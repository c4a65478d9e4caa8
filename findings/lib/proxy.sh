# Sourced by the scripts that need a proxy. As phpfpm.sh, and the client's PHP code may use lib/websocket.php.

export LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$LIB/phpfpm.sh"

# install PACKAGE VERSION PROGRAM unpacks a proxy, and the PHP that is its client and its backend. Their shared libraries
# are the host's.
install() {
	package "$1=$2"
	package "php8.2-cli=$php"
	if ldd "$dir/root$3" "$dir/root/usr/bin/php8.2" | grep 'not found' >&2; then
		echo "apt-get install $1 php8.2-cli brings these libraries" >&2
		exit 2
	fi
	echo "$1 $2, Debian package"
}

# ports N prints N free ports.
ports() {
	"$dir/root/usr/bin/php8.2" -n -r '
		for ($i = 0; $i < $argv[1]; $i++) $all[] = stream_socket_server("tcp://127.0.0.1:0");
		foreach ($all as $one) echo parse_url("tcp://" . stream_socket_get_name($one, false), PHP_URL_PORT), " ";' "$1"
}

# listening PORT waits until somebody listens there.
listening() {
	for _ in $(seq 100); do
		! (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null || return 0
		sleep 0.1
	done
	cat "$dir/log" >&2
	echo "the proxy did not start" >&2
	exit 2
}

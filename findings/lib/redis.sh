# Sourced, after phpfpm.sh, by the scripts that need Redis.

redis=5:7.0.15-1~deb12u10

# start_redis unpacks a pinned redis-server and starts it on $dir/socket, with its output in $dir/redis.log. It ends with the script.
start_redis() {
	package "redis-tools=$redis"
	if ldd "$dir/root/usr/bin/redis-check-rdb" | grep 'not found' >&2; then
		echo "apt-get install redis-server brings these libraries" >&2
		exit 2
	fi
	ln -sf redis-check-rdb "$dir/root/usr/bin/redis-server" # one program that goes by its name; the link is in another package
	"$dir/root/usr/bin/redis-server" --port 0 --unixsocket "$dir/socket" --dir "$dir" --save '' >"$dir/redis.log" 2>&1 &
	master=$!
	for _ in $(seq 100); do
		[ "$(cli ping)" != PONG ] || return 0
		sleep 0.1
	done
	cat "$dir/redis.log" >&2
	echo "redis-server did not start" >&2
	exit 2
}

# cli ARGUMENT... runs a command in Redis.
cli() { timeout 20 "$dir/root/usr/bin/redis-cli" -s "$dir/socket" "$@" 2>&1; }

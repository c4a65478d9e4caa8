#!/bin/bash
# Apache 2.4.71, mod_proxy_http: a silent WebSocket ends after the longer of Timeout and ProxyPass' timeout=, whichever that is.
#
# timeout= is how long Apache waits for the backend, and Timeout counts where it is not set, as the documentation has it.
# So a timeout= of 3 should end a WebSocket that is silent for 3 seconds. It is kept for Timeout, which is 300 in Debian's
# configuration; and with ProxyTimeout in place of timeout= it is the same. To make the time longer one of the two is
# enough, to make it shorter both are needed.
. "$(dirname "$0")/lib/proxy.sh"

install apache2-bin 2.4.71-1~deb12u1 /usr/sbin/apache2
read -r backend a b c d <<<"$(ports 5)"

# host PORT TIMEOUT LINES prints a virtual host.
host() {
	printf 'Listen 127.0.0.1:%s\n<VirtualHost *:%s>\nTimeout %s\n%s\n</VirtualHost>\n' "$1" "$1" "$2" "$3"
}

{
	printf 'ServerRoot %s\nDefaultRuntimeDir %s\nPidFile %s/pid\nErrorLog %s/log\nServerName localhost\n' "$dir" "$dir" "$dir" "$dir"
	printf 'User nobody\nGroup nogroup\n'
	for module in mpm_event authz_core proxy proxy_http; do
		printf 'LoadModule %s_module %s/root/usr/lib/apache2/modules/mod_%s.so\n' "$module" "$dir" "$module"
	done
	host "$a" 3 "ProxyPass / http://127.0.0.1:$backend/a/ upgrade=websocket timeout=3"
	host "$b" 3 "ProxyPass / http://127.0.0.1:$backend/b/ upgrade=websocket timeout=9"
	host "$c" 9 "ProxyPass / http://127.0.0.1:$backend/c/ upgrade=websocket timeout=3"
	host "$d" 9 "ProxyTimeout 3
		ProxyPass / http://127.0.0.1:$backend/d/ upgrade=websocket"
} >"$dir/apache.conf"
"$dir/root/usr/sbin/apache2" -DFOREGROUND -f "$dir/apache.conf" &
master=$!
listening "$d"

seen=$(BACKEND=$backend PORTS="$a $b $c $d" client <<'PHP'
require getenv('LIB') . '/websocket.php';
$backend = stream_socket_server('tcp://127.0.0.1:' . getenv('BACKEND'));
foreach (explode(' ', getenv('PORTS')) as $i => $port) {
    [$clients[$i], $servers[$i]] = websocket("127.0.0.1:$port", $backend);
    $since[$i] = hrtime(true);
}
while ($clients) {
    $read = $clients;
    $none = null;
    if (!stream_select($read, $none, $none, 30)) {
        throw new RuntimeException('they do not end');
    }
    foreach (array_keys($read) as $i) {
        echo "$i: ", (int) round((hrtime(true) - $since[$i]) / 1e9 / 3) * 3, "\n";
        unset($clients[$i]);
    }
}
PHP
)
expect "Timeout 3, timeout=3: seconds until a silent WebSocket ends" "$(field 0 <<<"$seen")" 3
expect "Timeout 3, timeout=9" "$(field 1 <<<"$seen")" 9
expect "Timeout 9, timeout=3" "$(field 2 <<<"$seen")" 9
expect "Timeout 9, ProxyTimeout 3" "$(field 3 <<<"$seen")" 9

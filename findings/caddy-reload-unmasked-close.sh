#!/bin/bash
# Caddy 2.6.2: a reload closes all WebSockets that it passes on, and the close frame that the backend gets has no mask.
#
# Any change of the configuration counts, of another site too. Caddy sends both ends a close frame with 1001. To the backend
# it is the client, and "a client MUST mask all frames that it sends", which a server answers by failing the connection
# (RFC 6455, 5.1). So backends log a violation of the protocol for each client, of browsers that made no mistake. The
# bytes are the same to both ends: 88 02 03e9; a masked frame has 82 in place of 02, and four bytes more.
. "$(dirname "$0")/lib/proxy.sh"

install caddy 2.6.2-5 /usr/bin/caddy
read -r backend front admin <<<"$(ports 3)"

# site LINE prints a configuration.
site() {
	printf '{\n\tadmin 127.0.0.1:%s\n\tstorage file_system %s\n}\nhttp://:%s {\n\t%s\n\treverse_proxy 127.0.0.1:%s\n}\n' \
		"$admin" "$dir" "$front" "$1" "$backend"
}

export HOME=$dir CADDY=$dir/root/usr/bin/caddy ADMIN=127.0.0.1:$admin
site '' >"$dir/before"
site 'header X-Other site' >"$dir/after"
"$CADDY" run --adapter caddyfile --config "$dir/before" >"$dir/log" 2>&1 &
master=$!
listening "$front"

seen=$(BACKEND=$backend FRONT=127.0.0.1:$front client <<'PHP'
require getenv('LIB') . '/websocket.php';
$backend = stream_socket_server('tcp://127.0.0.1:' . getenv('BACKEND'));
[$client, $server] = websocket(getenv('FRONT'), $backend);
exec(getenv('CADDY') . " reload --adapter caddyfile --config $dir/after --address " . getenv('ADMIN') . ' 2>&1', $out, $status);
if ($status !== 0) {
    throw new RuntimeException(implode("\n", $out));
}
echo 'client: ', rest($client), "\nbackend: ", rest($server), "\n";
PHP
)
expect "the client gets" "$(field client <<<"$seen")" 880203e9
expect "the backend gets" "$(field backend <<<"$seen")" 880203e9

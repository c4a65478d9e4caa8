#!/bin/bash
# php-fpm 8.2.36, request_terminate_timeout: it terminates workers that run no request.
#
# A web server that keeps a FastCGI connection open (FCGI_KEEP_CONN; nginx: fastcgi_keep_conn) also keeps a worker,
# which waits for the next request on it. php-fpm counts that wait as a request: the worker is active, not idle, its
# state is "Reading headers", and after request_terminate_timeout it is terminated, with a warning that names no
# script. The web server sees the connection close although every answer came in time. The manual describes the
# setting as a timeout for serving a single request.
. "$(dirname "$0")/lib/phpfpm.sh"

install_fpm
echo '<?php echo getmypid();' >"$dir/pid.php"
start <<CONF
$(pool www "$dir/socket")
pm.status_path = /status
pm.status_listen = $dir/status
request_terminate_timeout = 4
CONF

echo "-- a connection that is closed after its answer"
seen=$(client <<'PHP'
$worker = (new Connection("unix://$dir/socket"))->ask("$dir/pid.php");
sleep(6);
$later = (new Connection("unix://$dir/socket"))->ask("$dir/pid.php");
echo 'same worker: ', $worker === $later ? 'yes' : 'no', "\n";
PHP
)
expect "same worker after 6 s" "$(field 'same worker' <<<"$seen")" yes
expect "workers ended" "$(grep -c 'terminating' "$dir/log" || true)" 0

echo "-- a connection that is kept after its answer"
seen=$(client <<'PHP'
$kept = new Connection("unix://$dir/socket");
$kept->ask("$dir/pid.php");
sleep(2); // php-fpm recounts once a second
echo (new Connection("unix://$dir/status"))->ask('/status', 'full');
echo "\nthe wait's end: ", $kept->receive() ?? 'closed by php-fpm', "\n";
PHP
)
expect "idle processes" "$(field 'idle processes' <<<"$seen")" 0
expect "active processes" "$(field 'active processes' <<<"$seen")" 1
expect "state" "$(field state <<<"$seen")" "Reading headers"
expect "the wait's end" "$(field "the wait's end" <<<"$seen")" "closed by php-fpm"
expect "workers ended" "$(grep -c "script '' .* execution timed out .* terminating" "$dir/log" || true)" 1
grep terminating "$dir/log"

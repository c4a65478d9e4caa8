#!/bin/bash
# php-fpm 8.2.36, SIGUSR1: reopening the logs asks all workers of all pools to quit, if one pool has an access log.
#
# The manual page says "SIGUSR1 re-open log files". With access.log set in any pool, the master also sends SIGQUIT to
# every worker (fpm_log_open), so log rotation ends kept connections and loses what workers hold, in pools without an
# access log, too. A request that runs may end, however long it takes: SIGTERM does not follow, and meanwhile its
# worker is one too few for other requests. PHP code is told by nobody, but a wait is interrupted: stream_select
# returns false, usleep and sleep return early, though fread on a socket does not.
. "$(dirname "$0")/lib/phpfpm.sh"

install_fpm
cat >"$dir/wait.php" <<'PHP'
<?php
echo 'waiting ';
flush();
[$end, $other] = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
$from = microtime(true);
if ($_GET['how'] === 'select') {
    $read = [$end];
    $none = null;
    @stream_select($read, $none, $none, 5);
} elseif ($_GET['how'] === 'fread') {
    stream_set_timeout($end, 5);
    fread($end, 1);
} else {
    usleep(5000000);
}
echo microtime(true) - $from < 4 ? 'interrupted' : 'whole';
PHP

# workers prints the process ids of the pool "other".
workers() {
	pgrep -P "$master" -f 'pool other$' | sort
}

# try ACCESS reopens the logs while three requests wait. ACCESS is a line for the pool "www".
try() {
	start <<CONF
$(pool www "$dir/www")
$1
$(pool other "$dir/other" | sed 's/^pm.max_children = .*/pm.max_children = 3/')
CONF
	workers >"$dir/before"
	seen=$(MASTER=$master client <<'PHP'
$waiting = [];
foreach (['select', 'usleep', 'fread'] as $how) {
    $waiting[$how] = new Connection("unix://$dir/other", false);
    $waiting[$how]->send("$dir/wait.php", "how=$how");
    $waiting[$how]->waitForOutput();
}
exec('kill -USR1 ' . getenv('MASTER'));
foreach ($waiting as $how => $request) {
    echo "$how: ", substr($request->receive(), strlen('waiting ')), "\n";
}
PHP
	)
	sleep 1
	stayed=$(workers | comm -12 - "$dir/before" | grep -c . || true)
	stop
}

try ""
expect "without an access log, workers of a pool that stay after SIGUSR1" "$stayed" 3
expect "stream_select" "$(field select <<<"$seen")" whole
try "access.log = $dir/access.log"
expect "with an access log in another pool, workers that stay" "$stayed" 0
expect "stream_select" "$(field select <<<"$seen")" interrupted
expect "usleep" "$(field usleep <<<"$seen")" interrupted
expect "fread on a socket" "$(field fread <<<"$seen")" whole

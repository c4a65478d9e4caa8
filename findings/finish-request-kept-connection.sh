#!/bin/bash
# php-fpm 8.2.36, fastcgi_finish_request(): the answer ends, but the next request on the same connection waits.
#
# The function exists for work after the answer. It sends the end of the answer and leaves a kept connection
# (FCGI_KEEP_CONN; nginx: fastcgi_keep_conn) open, so the web server takes the connection for free while its worker is
# still busy. The next request that the web server sends on it, from any client, waits until that work is done,
# although another worker is idle.
. "$(dirname "$0")/lib/phpfpm.sh"

install_fpm
echo '<?php echo getmypid();' >"$dir/pid.php"
cat >"$dir/work.php" <<'PHP'
<?php
echo getmypid();
fastcgi_finish_request();
sleep(4);
touch(__DIR__ . '/done');
PHP
start <<CONF
$(pool www "$dir/socket")
pm.max_children = 2
CONF

seen=$(client <<'PHP'
$done = fn() => file_exists("$dir/done") ? 'after the work' : 'before the work is done';
$kept = new Connection("unix://$dir/socket");
$first = $kept->ask("$dir/work.php");
echo 'the answer: ', $done(), "\n";
$kept->send("$dir/pid.php");
$other = (new Connection("unix://$dir/socket"))->ask("$dir/pid.php");
echo 'other connection: ', $done(), "\n";
clearstatcache();
$second = $kept->receive();
echo 'same connection: ', $done(), "\n";
echo 'workers: ', $first === $second ? 'same' : 'other', ', ', $first === $other ? 'same' : 'other', "\n";
PHP
)
expect "the answer" "$(field 'the answer' <<<"$seen")" "before the work is done"
expect "a request sent then on another connection, answered" "$(field 'other connection' <<<"$seen")" "before the work is done"
expect "a request sent then on the same connection, answered" "$(field 'same connection' <<<"$seen")" "after the work"
expect "workers of the same and of the other connection" "$(field workers <<<"$seen")" "same, other"

#!/bin/bash
# php-fpm 8.2.36: after an answer is complete, its worker takes no other request until the client has closed the
# connection, although the client did not ask to keep it.
#
# Without FCGI_KEEP_CONN "the application closes the connection after responding to this request" (FastCGI 1.0, 3.5).
# php-fpm shuts its side down, and then reads until the client's end (fcgi_close in main/fastcgi.c), without a time
# limit: request_terminate_timeout does not count there. So a client that has read FCGI_END_REQUEST and keeps the
# socket for a while, in a pool or by a leak, keeps the worker, and with pm.max_requests the process as well.
. "$(dirname "$0")/lib/phpfpm.sh"

install_fpm
echo '<?php echo getmypid();' >"$dir/pid.php"
start <<CONF
$(pool one "$dir/one")
pm.max_requests = 1
request_terminate_timeout = 1
CONF

seen=$(client <<'PHP'
$first = new Connection("unix://$dir/one", false);
$pid = $first->ask("$dir/pid.php");
echo 'first: ', $pid > 0 ? 'complete' : 'none', "\n";
$second = new Connection("unix://$dir/one", false);
$second->send("$dir/pid.php");
$from = hrtime(true);
$second->waitForOutput(); // for 10 seconds
echo 'waited: ', hrtime(true) - $from > 9e9 ? 'yes' : 'no', "\n";
echo 'process: ', file_exists("/proc/$pid") ? 'there' : 'gone', "\n";
unset($first);
echo 'then: ', $second->receive() > 0 ? 'complete' : 'none', "\n";
PHP
)
expect "the answer to a first request, which does not ask for a kept connection" "$(field first <<<"$seen")" complete
expect "a second request has no answer for 10 seconds" "$(field waited <<<"$seen")" yes
expect "the first worker, with pm.max_requests = 1 and request_terminate_timeout = 1" "$(field process <<<"$seen")" there
expect "the answer to the second when the first connection is closed" "$(field then <<<"$seen")" complete

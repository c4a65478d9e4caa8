#!/bin/bash
# php-fpm 8.2.36: a request whose client gave up while it waited for a free worker runs all the same, as soon as a worker is free.
#
# A client that gives up (a proxy's read timeout, a user who reloads the page) closes its connection. The connection is in the
# backlog of the listening socket with the request's bytes in it, so the worker that accepts it later reads a whole request and runs
# the script to its end. ignore_user_abort = 0, the default, does not help: php-fpm notices that nobody listens when it writes, and
# it writes when the script ends or its output buffer is full. So what a client sends again after its timeout runs twice, and the
# first may even run after the second. A script that flushes output before it does its work is ended there on a unix socket.
. "$(dirname "$0")/lib/phpfpm.sh"

install_fpm
echo '<?php touch(__DIR__ . "/begun"); sleep(2);' >"$dir/long.php"
echo '<?php touch(__DIR__ . "/$_GET[mark]");' >"$dir/work.php"
echo '<?php echo " "; flush(); touch(__DIR__ . "/$_GET[mark]");' >"$dir/careful.php"
start <<CONF
$(pool small "$dir/small")
CONF

seen=$(client <<'PHP'
$busy = new Connection("unix://$dir/small", false);
$busy->send("$dir/long.php");
for ($i = 0; $i < 100 && !file_exists("$dir/begun"); $i++) {
    usleep(50000);
}
foreach (['work', 'careful'] as $script) {
    $abandoned = new Connection("unix://$dir/small", false);
    $abandoned->send("$dir/$script.php", "mark=$script");
    $abandoned = null; // closes the connection
}
echo 'before: ', file_exists("$dir/work") ? 'ran' : 'waits', "\n";
$busy->receive();
$busy = null;
(new Connection("unix://$dir/small", false))->ask("$dir/work.php", 'mark=last'); // runs after those
foreach (['work', 'careful'] as $script) {
    echo $script, ': ', file_exists("$dir/$script") ? 'ran' : 'did not', "\n";
}
PHP
)
expect "the request, when its client has closed the connection" "$(field before <<<"$seen")" waits
expect "the request, when a worker has become free" "$(field work <<<"$seen")" ran
expect "the work of a request that flushes output first" "$(field careful <<<"$seen")" "did not"

#!/bin/bash
# php-fpm 8.2.36, status page: the numbers that show too few workers are wrong on unix sockets and with kept connections.
#
# "listen queue" counts the connections that no worker has accepted yet, if the pool listens on TCP. On a unix socket
# the page has the same lines, and they say 0 however many wait: an alert on them never fires. (ss -xl shows the
# kernel's count.)
#
# "active processes" counts each request with FCGI_KEEP_CONN as one more process, until php-fpm recounts, once a
# second. "max active processes" keeps the wrong maximum for good. The lines of each process (?full) are right.
. "$(dirname "$0")/lib/phpfpm.sh"

install_fpm
echo '<?php' >"$dir/empty.php"
cat >"$dir/hold.php" <<'PHP'
<?php
for ($i = 0; $i < 200 && !file_exists(__DIR__ . '/go'); $i++) {
    usleep(100000);
    clearstatcache();
}
PHP
cat >"$dir/port.php" <<'PHP'
<?php
echo parse_url('tcp://' . stream_socket_get_name(stream_socket_server('tcp://127.0.0.1:0'), false), PHP_URL_PORT);
PHP
port=$("$dir/root/usr/bin/php8.2" -n "$dir/port.php")
start <<CONF
$(pool unix "$dir/socket")
pm.status_path = /status
pm.status_listen = $dir/status-unix
$(pool tcp "127.0.0.1:$port")
pm.status_path = /status
pm.status_listen = $dir/status-tcp
$(pool kept "$dir/kept")
pm.status_path = /status
pm.status_listen = $dir/status-kept
CONF

echo "-- one worker, five requests at once"
seen=$(PORT=$port client <<'PHP'
$status = fn(string $pool) => (new Connection("unix://$dir/status-$pool"))->ask('/status');
foreach (['unix' => "unix://$dir/socket", 'tcp' => 'tcp://127.0.0.1:' . getenv('PORT')] as $pool => $address) {
    for ($i = 0; $i < 5; $i++) {
        $connections[$pool][$i] = new Connection($address);
        $connections[$pool][$i]->send("$dir/hold.php");
    }
}
for ($i = 0; $i < 50 && !preg_match('/^listen queue: *4$/m', $status('tcp')); $i++) {
    usleep(100000);
}
sleep(2); // php-fpm reads the queues' lengths once a second
foreach (['unix', 'tcp'] as $pool) {
    echo preg_replace('/^/m', "$pool ", $status($pool)), "\n";
}
touch("$dir/go");
for ($answers = 0; $connections['unix']; $answers++) {
    array_shift($connections['unix'])->receive() ?? throw new RuntimeException('no answer');
}
echo "unix answers: $answers\n";
PHP
)
expect "TCP: listen queue" "$(field 'tcp listen queue' <<<"$seen")" 4
expect "TCP: max listen queue" "$(field 'tcp max listen queue' <<<"$seen")" 4
expect "unix: listen queue" "$(field 'unix listen queue' <<<"$seen")" 0
expect "unix: max listen queue" "$(field 'unix max listen queue' <<<"$seen")" 0
expect "unix: requests answered when the worker is free" "$(field 'unix answers' <<<"$seen")" 5

echo "-- one worker, fifty requests one after another"
seen=$(client <<'PHP'
$ask = function (Connection $connection, int $times) use ($dir) {
    for ($i = 0; $i < $times; $i++) {
        $connection->ask("$dir/empty.php");
    }
};
$status = fn() => (new Connection("unix://$dir/status-kept"))->ask('/status', 'full');
for ($i = 0; $i < 50; $i++) {
    $ask(new Connection("unix://$dir/kept", false), 1);
}
echo preg_replace('/^/m', 'closed ', $status()), "\n";
$ask(new Connection("unix://$dir/kept"), 50);
echo preg_replace('/^/m', 'kept ', $status()), "\n";
PHP
)
expect "a connection for each: max active processes" "$(field 'closed max active processes' <<<"$seen")" 1
most=$(field 'kept max active processes' <<<"$seen")
echo "one kept connection: max active processes: $most"
expect "processes with a line of their own" "$(grep -c '^kept pid:' <<<"$seen")" 1
expect "more active than there are" "$([ "$most" -gt 1 ] && echo yes || echo no)" yes

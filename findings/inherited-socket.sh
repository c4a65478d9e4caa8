#!/bin/bash
# php-fpm 8.2.36: when it ends, it removes the file of a listening socket that it inherited and that somebody else holds.
#
# The variable FPM_SOCKETS is how one master hands its sockets to the next, and the one way to start php-fpm with a socket
# of systemd's, or of another program that wants no connection refused meanwhile. Who has made the socket goes on
# listening when php-fpm ends. But the name has gone from the folder: connect() fails as if there had never been one,
# until somebody binds it again, and the next php-fpm inherits a socket that nobody can reach. This does not happen at
# SIGKILL, when php-fpm has no time to clean up.
. "$(dirname "$0")/lib/phpfpm.sh"

install_fpm
echo "<?php echo 'served';" >"$dir/page.php"
printf '[global]\nerror_log = %s/log\ndaemonize = no\n' "$dir" >"$dir/fpm.conf"
pool www "$dir/www" >>"$dir/fpm.conf"

# holder.php listens, as a service manager does, and runs php-fpm with the socket as descriptor 3. Argument: the signal that ends it.
cat >"$dir/holder.php" <<'PHP'
<?php
require $argv[2] . '/client.php';
$dir = __DIR__;
$listening = stream_socket_server("unix://$dir/www");
$arguments = ["$dir/root/usr/sbin/php-fpm8.2", '-n', '-R', '-y', "$dir/fpm.conf"];
$fpm = proc_open($arguments, [3 => $listening], $pipes, null, ['FPM_SOCKETS' => "$dir/www=3"]);
echo 'a request is ', (new Connection("unix://$dir/www", false))->ask("$dir/page.php"), "\n";
$master = proc_get_status($fpm)['pid'];
$worker = trim(file_get_contents("/proc/$master/task/$master/children"));
proc_terminate($fpm, (int) $argv[1]);
for ($i = 0; $i < 100 && proc_get_status($fpm)['running']; $i++) {
    usleep(100000);
}
exec("kill -KILL $worker 2>&1"); // it outlives a master that was killed
clearstatcache();
echo 'the socket\'s file ', file_exists("$dir/www") ? 'stays' : 'is gone', "\n";
stream_set_blocking($listening, false);
echo 'the holder ', stream_socket_get_name($listening, false) === "$dir/www" ? "listens on www" : "has another socket", "\n";
echo 'a connection: ', @stream_socket_client("unix://$dir/www", $code, $message) ? 'waits' : $message, "\n";
PHP

# ends prints what is left when php-fpm has ended by that signal.
ends() {
	rm -f "$dir/www"
	timeout 60 "$dir/root/usr/bin/php8.2" -n -d display_errors=stderr "$dir/holder.php" "$1" "$(cd "$(dirname "$0")/lib" && pwd)"
}

for signal in TERM QUIT KILL; do
	seen=$(ends "$(kill -l "$signal")")
	echo "-- $signal"
	gone="is gone" connect="No such file or directory"
	[ "$signal" != KILL ] || gone=stays connect=waits
	expect "a request is" "$(sed -n 's/^a request is //p' <<<"$seen")" served
	expect "the socket's file" "$(sed -n "s/^the socket's file //p" <<<"$seen")" "$gone"
	expect "the holder" "$(sed -n 's/^the holder //p' <<<"$seen")" "listens on www"
	expect "a connection" "$(sed -n 's/^a connection: //p' <<<"$seen")" "$connect"
done

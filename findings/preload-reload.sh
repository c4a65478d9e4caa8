#!/bin/bash
# php-fpm 8.2.36, opcache.preload: a reload ends the master if the preload file is broken by then.
#
# SIGUSR2 is "Graceful reload of all workers" in the manual page, and a broken configuration file is what one is afraid
# of. The new master runs the preload file before it takes over, so a parse error in it ends php-fpm altogether, with
# status 70. What is told goes to standard error only, and the log ends with a line that looks like the beginning of a
# successful reload. The socket's file stays, so that clients get "connection refused". php-fpm -t runs the file, too,
# and so finds this before a reload.
. "$(dirname "$0")/lib/phpfpm.sh"

install_fpm
package "php8.2-opcache=$php"
extension=$dir/root/usr/lib/php/20220829/opcache.so
echo "<?php echo 'served';" >"$dir/page.php"
settings=(-d "zend_extension=$extension" -d opcache.enable=1 -d log_errors=1 -d display_errors=0 -d "opcache.preload=$dir/preload.php")
[ "$(id -u)" != 0 ] || settings+=(-d opcache.preload_user=root)

# test_settings prints the status of php-fpm -t with the settings that the master has.
test_settings() {
	local status=0
	"$dir/root/usr/sbin/php-fpm8.2" -t -n -R -y "$dir/fpm.conf" "${settings[@]}" >/dev/null 2>&1 || status=$?
	echo "$status"
}

# serves prints what a new connection gets.
serves() {
	client <<'PHP'
$connection = @stream_socket_client("unix://$dir/www", $code, $message);
if (!$connection) {
    exit($message);
}
fclose($connection);
$request = new Connection("unix://$dir/www", false);
$request->send("$dir/page.php");
echo $request->receive();
PHP
}

echo '<?php function preloaded() { }' >"$dir/preload.php"
start "${settings[@]}" 2>"$dir/stderr" <<CONF
$(pool www "$dir/www")
CONF
expect "before the reload, a request is" "$(serves)" served
expect "php-fpm -t, status" "$(test_settings)" 0

echo '<?php function preloaded( { }' >"$dir/preload.php"
expect "with a parse error in the preload file, php-fpm -t, status" "$(test_settings)" 70
kill -USR2 "$master"
status=0
wait "$master" || status=$?
master=
expect "the master ends at SIGUSR2 with status" "$status" 70
expect "last line of the log" "$(tail -n 1 "$dir/log" | grep -o 'reloading: execvp')" "reloading: execvp"
expect "lines of the log with the parse error" "$(grep -c 'Parse error\|syntax error' "$dir/log" || true)" 0
expect "lines of standard error with it" "$(grep -c 'PHP Parse error' "$dir/stderr" || true)" 1
expect "the socket's file" "$([ -S "$dir/www" ] && echo stays || echo gone)" stays
expect "a request gets" "$(serves)" "Connection refused"

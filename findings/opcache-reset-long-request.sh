#!/bin/bash
# opcache of PHP 8.2.36, opcache_reset(): one long request keeps opcache off in all pools, and is killed for it.
#
# The function only asks for a restart of the cache, which all pools of a master share. The restart waits until no
# request uses the cache, and until then opcache is off: each request of each pool compiles its files. One long
# request in another pool is enough, a download or a long poll. After opcache.force_restart_timeout (180 s by default,
# 3 s here) the next request anywhere kills the worker of the long one, whatever its own time limits are. The manual
# mentions the kill at that setting, not at the function. php-fpm logs a signal without a reason, and opcache logs
# nothing at its default level.
. "$(dirname "$0")/lib/phpfpm.sh"

install_fpm
package "php8.2-opcache=$php"
echo '<?php echo opcache_get_status(false)["opcache_enabled"] ? "on" : "off";' >"$dir/state.php"
echo '<?php opcache_reset();' >"$dir/reset.php"
echo '<?php echo "running"; flush(); set_time_limit(0); sleep(25); echo "the end";' >"$dir/long.php"
start -d zend_extension="$dir/root/usr/lib/php/20220829/opcache.so" -d opcache.force_restart_timeout=3 <<CONF
$(pool www "$dir/www")
$(pool other "$dir/other")
CONF

seen=$(client <<'PHP'
$www = fn(string $script) => (new Connection("unix://$dir/www"))->ask("$dir/$script.php");
echo 'at first: ', $www('state'), "\n";
$www('reset');
echo 'after a reset: ', $www('state'), "\n";
$long = new Connection("unix://$dir/other");
$long->send("$dir/long.php");
$long->waitForOutput();
echo 'with a long request: ', $www('state'), "\n";
$www('reset');
$from = hrtime(true);
echo 'after a reset with a long request: ', $www('state'), "\n";
sleep(1);
echo 'a second later: ', $www('state'), "\n";
while ($www('state') === 'off' && hrtime(true) - $from < 20e9) {
    usleep(100000);
}
echo 'after opcache.force_restart_timeout: ', $www('state'), "\n";
echo 'the long request: ', $long->receive() ?? 'cut off', "\n";
PHP
)
expect "opcache at first" "$(field 'at first' <<<"$seen")" on
expect "after opcache_reset()" "$(field 'after a reset' <<<"$seen")" on
expect "while another pool has a long request" "$(field 'with a long request' <<<"$seen")" on
expect "after opcache_reset(), still with it" "$(field 'after a reset with a long request' <<<"$seen")" off
expect "a second later" "$(field 'a second later' <<<"$seen")" off
expect "after opcache.force_restart_timeout" "$(field 'after opcache.force_restart_timeout' <<<"$seen")" on
expect "the long request" "$(field 'the long request' <<<"$seen")" "cut off"
expect "workers of the other pool ended by a signal" "$(grep -c 'pool other.*exited on signal' "$dir/log" || true)" 1
grep 'exited on signal' "$dir/log"

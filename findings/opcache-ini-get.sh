#!/bin/bash
# opcache of PHP 8.2.36, ini_get(): a pool is told another pool's value of a setting.
#
# opcache computes ini_get() of a setting that scripts cannot change, such as allow_url_fopen, when it compiles the script, and puts
# the value in its place. But a pool can change such a setting (php_admin_value), and all pools of a master share the
# cache. So the pool that runs a script first decides what the others are told; the setting itself stays what each pool has.
# The same goes for scripts that opcache.preload compiles, before there are pools. ini_get() by a name in a variable is right.
. "$(dirname "$0")/lib/phpfpm.sh"

install_fpm
package "php8.2-opcache=$php"
for script in on-first off-first; do
	echo '<?php $ask = strrev("teg_ini"); echo "ini_get() ", ini_get("allow_url_fopen"), ", by its name ", $ask("allow_url_fopen");' >"$dir/$script.php"
	touch -d '1 minute ago' "$dir/$script.php" # opcache leaves out files that were just written
done
start -d zend_extension="$dir/root/usr/lib/php/20220829/opcache.so" <<CONF
$(pool on "$dir/on")
php_admin_value[allow_url_fopen] = 1
$(pool off "$dir/off")
php_admin_value[allow_url_fopen] = 0
CONF

seen=$(client <<'PHP'
foreach (['on-first' => ['on', 'off'], 'off-first' => ['off', 'on']] as $script => $pools) {
    foreach ($pools as $pool) {
        echo "$script, $pool: ", (new Connection("unix://$dir/$pool"))->ask("$dir/$script.php"), "\n";
    }
}
PHP
)
expect "allow_url_fopen in the pool that has it on" "$(field 'on-first, on' <<<"$seen")" "ini_get() 1, by its name 1"
expect "then in the pool that has it off" "$(field 'on-first, off' <<<"$seen")" "ini_get() 1, by its name 0"
expect "another script, first in the pool that has it off" "$(field 'off-first, off' <<<"$seen")" "ini_get() 0, by its name 0"
expect "then in the pool that has it on" "$(field 'off-first, on' <<<"$seen")" "ini_get() 0, by its name 1"

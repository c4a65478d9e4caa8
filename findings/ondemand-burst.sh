#!/bin/bash
# php-fpm 8.2.36, pm = ondemand: of requests that come at the same time, some wait until others end, although
# pm.max_children allows more workers.
#
# The manual says that children spawn on demand, when requests come. But the master starts one only if no worker is
# idle, and a worker counts as idle until it has accepted its connection. The listening socket wakes the master up
# once for what has come (EPOLLET), so nothing starts another worker for the rest of a burst: each of them waits until
# a worker ends its request, or until one more connection comes. With requests that stay open (long polls, event
# streams), that can be never. With pm = static all begin at once.
. "$(dirname "$0")/lib/phpfpm.sh"

install_fpm
echo '<?php printf("%.6f", microtime(true)); sleep(2);' >"$dir/long.php"
start <<CONF
$(pool fixed "$dir/fixed" | sed 's/^pm.max_children = .*/pm.max_children = 8/')
$(pool ondemand "$dir/ondemand" | sed 's/^pm = .*/pm = ondemand/; s/^pm.max_children = .*/pm.max_children = 8/')
CONF

seen=$(client <<'PHP'
foreach (['fixed', 'ondemand'] as $pool) {
    $open = [];
    $from = microtime(true);
    for ($i = 0; $i < 4; $i++) {
        $open[] = $request = new Connection("unix://$dir/$pool", false);
        $request->send("$dir/long.php");
    }
    unset($request);
    $late = 0;
    foreach (array_keys($open) as $i) {
        $late += $open[$i]->receive() - $from > 1 ? 1 : 0;
        $open[$i] = null; // php-fpm waits until the client closes the connection
    }
    echo "$pool: ", $late > 0 ? 'some' : 'none', "\n";
}
PHP
)
expect "of 4 requests at a time, begun a second or more later, with pm = static" "$(field fixed <<<"$seen")" none
expect "the same with pm = ondemand and pm.max_children = 8" "$(field ondemand <<<"$seen")" some

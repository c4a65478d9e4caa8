#!/bin/bash
# Redis 7.0.15: at maxmemory, a script whose first write needs no memory may write as much as it likes.
#
# With maxmemory-policy noeviction, a command that may need memory fails when Redis is full, in scripts too, as otherwise one script could
# fill the machine. But Redis looks only until a script has written something: to end it then would leave half of what it does. So a script
# that begins with a DEL of a key that is not there is never refused, and one of the same writes without it is. Who relies on maxmemory has to
# know it of all scripts on a server; who must write when it is full (a lease that has to be renewed) has a way to.
. "$(dirname "$0")/lib/phpfpm.sh"
. "$(dirname "$0")/lib/redis.sh"

echo "redis-server $redis, Debian package redis-tools"
start_redis

cli config set maxmemory-policy noeviction >/dev/null
cli config set maxmemory 100kb >/dev/null # less than it has in use when empty
fill='for i = 1, 100 do redis.call("SET", "key" .. i, string.rep("x", 100000)) end return redis.call("DBSIZE")'

expect "SET" "$(cli set a b | cut -d' ' -f1-3)" "OOM command not"
expect "a script that writes 10 MB" "$(cli eval "$fill" 0 | grep -o 'OOM command not' | head -n1)" "OOM command not"
expect "keys after it" "$(cli dbsize)" 0
expect "the same script after a DEL of nothing, which tells how many keys there are" "$(cli eval "redis.call('DEL', 'none') $fill" 0)" 100
expect "maxmemory" "$(cli config get maxmemory | tail -n1)" 102400

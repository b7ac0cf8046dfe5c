#!/bin/sh
# Start Redis as the broker: append-only file, no eviction, and one user who can wreck nothing.
# The password comes by environment and stays out of the command line, which `ps` shows.
# Scripting is closed but for what kombu's lock over lost messages needs, EVALSHA and SCRIPT LOAD.
set -eu

: "${REDIS_PASSWORD:?set REDIS_PASSWORD}"
data=${REDIS_DATA:-/data}
port=${REDIS_PORT:-6379}
config=$(mktemp)
cat >"$config" <<END
bind ${REDIS_BIND:-*}
port $port
dir $data
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
user default off
user hfer on >$REDIS_PASSWORD ~* &* +@all -flushall -flushdb -config -debug -shutdown -keys -swapdb -acl -replicaof -slaveof -module -@scripting +evalsha +script|load
END
exec redis-server "$config"

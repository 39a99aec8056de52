#!/bin/sh
# Fills in nginx.conf and becomes nginx. SCRATCH is the only folder that is written to.
set -eu
RESOLVER=$(sed -n 's/^nameserver  *//p' /etc/resolv.conf | head -n 1)
export RESOLVER="${RESOLVER:-127.0.0.1}"
names='$LISTEN $WEBSERVER $USERS $SCRATCH $RESOLVER'
envsubst "$names" < "$(dirname "$0")/nginx.conf" > "$SCRATCH/nginx.conf"
exec nginx -e stderr -p "$SCRATCH" -c "$SCRATCH/nginx.conf"

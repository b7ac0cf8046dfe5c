#!/bin/sh
# Write a .env for docker-compose.yml with fresh secrets, for its owner's eyes only:
#   infra/docker/secrets.sh            into the repository's root, unless there is one
#   infra/docker/secrets.sh --missing  what a new version asks for and an older .env lacks
#   infra/docker/secrets.sh [--missing] FILE
# It prints no secret. What it did is told on stderr, so that `> .env` spoils no file either.
set -eu

missing=
if [ "${1-}" = --missing ]; then
    missing=yes
    shift
fi
file=${1:-$(cd "$(dirname "$0")/../.." && pwd)/.env}

fail() {
    echo "error: $*" >&2
    exit 1
}

command -v openssl >/dev/null || fail "needs openssl"
if [ -s "$file" ] && [ -z "$missing" ]; then
    fail "$file exists and stays as it is: stores that run know the secrets in it." \
        "\`infra/docker/secrets.sh --missing\` adds those that it lacks and changes none."
fi

umask 077
made=$(mktemp)
trap 'rm -f "$made"' EXIT

add() { # NAME VALUE COMMENT…
    case $2 in '' | hfer_prod_) fail "openssl made nothing" ;; esac
    name=$1 value=$2
    shift 2
    if [ -s "$file" ] && grep -q "^$name=" "$file"; then return; fi
    for line in "$@"; do echo "# $line"; done >>"$made"
    echo "$name=$value" >>"$made"
}
hex() { openssl rand -hex 24; }

add POSTGRES_PASSWORD "$(hex)" "Postgres: of its superuser, then of the role of each process."
for role in OWNER API WORKER INGEST MAINTENANCE; do
    add "POSTGRES_${role}_PASSWORD" "$(hex)"
done
add REDIS_PASSWORD "$(hex)"
add MINIO_ROOT_PASSWORD "$(hex)"
add MINIO_SERVICE_PASSWORD "$(hex)"
add GRAFANA_PASSWORD "$(hex)"
add HFER_API__ADMIN_KEY "hfer_prod_$(hex)" "Your own key, for everything: keep it well."
add HFER_WEB__API_KEY "hfer_prod_$(hex)" \
    "The page's key to the API, and the password that opens the page to people."
add HFER_WEB__PASSWORD "$(hex)"
add HFER_WEBHOOKS__KEYS "$(openssl rand -base64 32 | tr '+/' '-_')" \
    "Encrypts the secrets that sign webhooks (base64url, 32 bytes)."
add HFER_RECEIPTS__SIGNING_KEY "$(openssl rand -base64 32 | tr '+/' '-_')" \
    "Signs receipts of erasures (an Ed25519 key: base64url, 32 bytes)."

touch "$file"
chmod 600 "$file"
if [ ! -s "$made" ]; then
    echo "$file: nothing is missing; it is readable by you alone (0600)." >&2
    exit
fi
# A last line without its end would swallow the first new one.
[ ! -s "$file" ] || [ -z "$(tail -c 1 "$file")" ] || echo >>"$file"
cat "$made" >>"$file"
echo "$file: $(grep -c '^[A-Z]' "$made") secrets written, readable by you alone (0600)." >&2
echo "Keep a copy where you keep passwords." >&2

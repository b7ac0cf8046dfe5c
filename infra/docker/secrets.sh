#!/bin/sh
# Print a .env for docker-compose.yml with fresh secrets: infra/docker/secrets.sh > .env
set -eu

hex() { openssl rand -hex 24; }

umask 077
cat <<END
POSTGRES_PASSWORD=$(hex)
REDIS_PASSWORD=$(hex)
MINIO_ROOT_PASSWORD=$(hex)
MINIO_SERVICE_PASSWORD=$(hex)
GRAFANA_PASSWORD=$(hex)
# Your own key, for everything: keep it well.
HFER_API__ADMIN_KEY=hfer_prod_$(hex)
# The page's key to the API, and the password that opens the page to people.
HFER_WEB__API_KEY=hfer_prod_$(hex)
HFER_WEB__PASSWORD=$(hex)
# Encrypts the secrets that sign webhooks (base64url, 32 bytes).
HFER_WEBHOOKS__KEYS=$(openssl rand -base64 32 | tr '+/' '-_')
END

#!/bin/bash
# Run the whole of docker-compose.yml on a real engine, the one that DOCKER_HOST names, as
# docs/deploy.md and docs/backup.md tell it: build, up, a key, photos by the command line, the page
# in Chromium, a crash of each container during a job, backup and restore, down. A row each, a table
# at the end; the exit code is 0 only if every row holds.
#   scripts/compose_check.sh [--photos 300] [--images PREFIX TAG]
# Without --images, which names published or built ones (HFER_IMAGES and HFER_TAG), it builds them.
# An installation that runs on this engine is left alone: projects, ports, images and secrets are
# its own, and go at the end, also when it is interrupted. What compose mounts has to be seen by the
# engine at the same path, so this checkout and TMPDIR have to be. PYTHON names another interpreter
# than .venv's; it needs the client (pip install ./client), playwright and pyyaml, and nothing else.
# COMPOSE_FILE names overlays as for Compose: docker-compose.yml:infra/docker/compose.seaweedfs.yml
set -euo pipefail

cd "$(dirname "$0")/.."

python=${PYTHON:-.venv/bin/python}
if [ -z "${PYTHON:-}" ] && [ ! -x "$python" ]; then
    python=python3
fi

fail() {
    echo "error: $*" >&2
    exit 2
}

command -v "$python" >/dev/null || fail "$python is no program; make test, or name one: PYTHON=..."
"$python" -c 'import hfer, playwright, yaml' 2>/dev/null ||
    fail "$python lacks one of the client, playwright and yaml: pip install ./client playwright pyyaml"
docker compose version >/dev/null 2>&1 || fail "no docker with the Compose plugin is in PATH"
docker version >/dev/null 2>&1 || fail "no engine answers at ${DOCKER_HOST:-its usual socket}"
scripts/chromium.sh

exec "$python" -m scripts.compose_check "$@"

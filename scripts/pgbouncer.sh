#!/bin/sh
# Unpack Debian's PgBouncer and the libraries that this machine lacks, for the tests that put it
# before Postgres: pgbouncer.sh FOLDER PROGRAM unpacks into FOLDER and writes PROGRAM to run it.
# Nothing is installed, so no daemon starts and no root is needed; without it they are left out.
set -eu
folder=$(realpath -m "$1")
program=$(realpath -m "$2")
packages=$(mktemp -d)
trap 'rm -rf "$packages"' EXIT
cd "$packages"

# `set -e` does not hold in a function that `if` asks.
download() {
    apt-get download -qq pgbouncer || return
    libraries=$(apt-cache depends --important pgbouncer | sed -n 's/^ *Depends: \(lib.*\)/\1/p')
    for library in $libraries; do
        # libc6 stays the machine's own: it has to fit the machine's loader.
        [ "$library" = libc6 ] || dpkg-query --status "$library" >/dev/null \
            || apt-get download -qq "$library" || return
    done
}

echo "Unpacking PgBouncer for the tests ..."
if ! download >log 2>&1; then
    [ "$(id -u)" -ne 0 ] || apt-get update -qq >>log 2>&1 || true
    if ! download >>log 2>&1; then
        tail -n 5 log >&2
        echo "note: no PgBouncer, so the tests behind it will be left out. apt-get could not" >&2
        echo "      download it (Debian, as root: apt-get update); then run make test again." >&2
        exit 0
    fi
fi
for package in *.deb; do dpkg --extract "$package" "$folder"; done
libraries=$(find "$folder" -name 'lib*.so.*' -printf '%h\n' | sort -u | paste -sd:)
cat >"$program" <<END
#!/bin/sh
LD_LIBRARY_PATH="$libraries" exec "$folder/usr/sbin/pgbouncer" "\$@"
END
chmod +x "$program"

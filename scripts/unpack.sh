#!/bin/sh
# Unpack a program of Debian's and the libraries that this machine lacks, for tests:
# unpack.sh PACKAGES FILE FOLDER PROGRAM unpacks into FOLDER and writes PROGRAM to run FILE of it;
# several packages are one word, the program's first.
# Nothing is installed, so no daemon starts and no root is needed; without it they are left out.
set -eu
wanted=$1
package=${wanted%% *}
file=$2
folder=$(realpath -m "$3")
program=$(realpath -m "$4")
packages=$(mktemp -d)
trap 'rm -rf "$packages"' EXIT
cd "$packages"

# `set -e` does not hold in a function that `if` asks.
download() {
    # shellcheck disable=SC2086  # a list
    apt-get download -qq $wanted || return
    # shellcheck disable=SC2086
    libraries=$(apt-cache depends --important $wanted | sed -n 's/^ *Depends: \(lib.*\)/\1/p' | sort -u)
    for library in $libraries; do
        # libc6 stays the machine's own: it has to fit the machine's loader.
        [ "$library" = libc6 ] || dpkg-query --status "$library" >/dev/null \
            || apt-get download -qq "$library" || return
    done
}

echo "Unpacking $package for the tests ..."
if ! download >log 2>&1; then
    [ "$(id -u)" -ne 0 ] || apt-get update -qq >>log 2>&1 || true
    if ! download >>log 2>&1; then
        tail -n 5 log >&2
        echo "note: no $package, so the tests that need it will be left out. apt-get could not" >&2
        echo "      download it (Debian, as root: apt-get update); then run make test again." >&2
        exit 0
    fi
fi
for deb in *.deb; do dpkg --extract "$deb" "$folder"; done
libraries=$(find "$folder" -name 'lib*.so.*' -printf '%h\n' | sort -u | paste -sd:)
cat >"$program" <<END
#!/bin/sh
LD_LIBRARY_PATH="$libraries" exec "$folder/$file" "\$@"
END
chmod +x "$program"

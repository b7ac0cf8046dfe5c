#!/bin/sh
# Write PROGRAM, which starts a command as root of a network namespace of its own, without a way
# out: closed_network.sh FOLDER PROGRAM. Where none can be made, the test in it is left out.
set -eu
folder=$(realpath -m "$1")
PATH=$PATH:/usr/sbin:/sbin
if ! command -v ip >/dev/null; then
    mkdir -p "$folder/bin"
    "$(dirname "$0")/unpack.sh" iproute2 bin/ip "$folder" "$folder/bin/ip"
    PATH=$folder/bin:$PATH
fi

# As root of a user namespace, as infra.local starts Postgres; where that is refused, as root.
for way in "unshare --user --map-root-user --net --mount" "unshare --net --mount"; do
    # shellcheck disable=SC2086  # a command and its options
    if $way ip link set lo up 2>/dev/null; then
        cat >"$2" <<END
#!/bin/sh
PATH="\$PATH:$(dirname "$(command -v ip)")" exec $way "\$@"
END
        chmod +x "$2"
        exit 0
    fi
done
echo "note: no network namespace can be made, so the test that nothing leaves is left out. Allow" >&2
echo "      user namespaces (Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0)." >&2

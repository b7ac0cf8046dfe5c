#!/bin/sh
# Unpack Debian's RabbitMQ, and the Erlang that it needs, for tests: rabbitmq.sh FOLDER PROGRAM
# writes PROGRAM to run a command with both in its PATH: PROGRAM rabbitmqctl status.
set -eu
folder=$(realpath -m "$1")
packages=rabbitmq-server
for name in base asn1 crypto eldap inets mnesia os-mon parsetools public-key runtime-tools ssl \
    syntax-tools tools xmerl; do
    packages="$packages erlang-$name"
done
"$(dirname "$0")/unpack.sh" "$packages" run "$folder" "$2"
[ -e "$2" ] || exit 0
# Debian's Erlang looks for itself where it would be installed.
sed -i "s|/usr/lib/erlang|$folder/usr/lib/erlang|" \
    "$folder/usr/lib/erlang/bin/erl" "$folder"/usr/lib/erlang/erts-*/bin/erl
cat >"$folder/run" <<END
#!/bin/sh
PATH="$folder/usr/lib/rabbitmq/bin:$folder/usr/lib/erlang/bin:\$PATH" exec "\$@"
END
chmod +x "$folder/run"

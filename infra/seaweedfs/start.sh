#!/bin/sh
# Start SeaweedFS as the object store: one bucket, one user who may use it and nothing else. Its
# inner ports know no password, so they listen on loopback; S3 alone and its gRPC port, which has no
# address of its own to listen on, are reachable from other containers: never publish 9306.
set -eu

: "${SERVICE_USER:?}" "${SERVICE_PASSWORD:?}"
data=${DATA:-/data}
bucket=${BUCKET:-hfer}
base=${BASE_PORT:-9300} # of the inner ports
umask 077
identities=$(mktemp)
cat >"$identities" <<END
{"identities": [{
  "name": "$SERVICE_USER",
  "credentials": [{"accessKey": "$SERVICE_USER", "secretKey": "$SERVICE_PASSWORD"}],
  "actions": ["Read:$bucket", "Write:$bucket", "List:$bucket", "Tagging:$bucket"]
}]}
END

master=127.0.0.1:$base
mkdir -p "$data"
rm -f "${READY:=/tmp/bucket-is-there}"
# The bucket; said again at each start it changes nothing.
(
    until echo "s3.bucket.create -name $bucket" | weed shell -master="$master.$((base + 1))" >/dev/null 2>&1; do
        sleep 1
    done
    touch "$READY"
) &

exec weed -logtostderr=true server -s3 -dir="$data" \
    -ip=127.0.0.1 -ip.bind=127.0.0.1 \
    -master.port="$base" -master.port.grpc=$((base + 1)) -master.telemetry=false \
    -master.volumeSizeLimitMB=1024 -volume.max=10000 \
    -volume.port=$((base + 2)) -volume.port.grpc=$((base + 3)) \
    -filer.port=$((base + 4)) -filer.port.grpc=$((base + 5)) \
    -s3.ip.bind="${S3_BIND:-0.0.0.0}" -s3.port="${S3_PORT:-9000}" -s3.port.grpc=$((base + 6)) \
    -s3.port.iceberg=0 -s3.port.lance=0 -s3.localSocket="$data/s3.sock" -filer.localSocket="$data/filer.sock" \
    -s3.config="$identities" -s3.iam=false -s3.autoCreateBucket=false -s3.allowDeleteBucketNotEmpty=false

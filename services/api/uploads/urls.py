"""From declared files to the answer with their URLs."""

from datetime import UTC, datetime, timedelta

from services.api.state import ApiState
from services.api.uploads.schemas import DeclaredFiles, UploadSlot, declared_files, upload_slot
from services.common.jobs.repositories.uploads import DeclaredPhoto
from services.common.jobs.uploads import Declaration
from services.common.storage_keys import upload_prefix


def answer_with_urls(state: ApiState, declaration: Declaration, *, base: str) -> DeclaredFiles:
    """Sign a URL for each file that is not in the bucket yet.

    The bucket is asked only when the files had been declared before, so that a client which
    was interrupted puts no file twice; call this outside of a transaction.

    Raises:
        TransientError: the bucket does not answer.
    """
    seconds = state.settings.api.upload_url_s
    now = datetime.now(UTC)
    stored = _stored(state, declaration) if declaration.replayed else {}

    def slot(photo: DeclaredPhoto) -> UploadSlot:
        url = None
        if declaration.is_open and photo.object_key:
            url = state.signer.put(
                photo.object_key, size=photo.byte_count, seconds=seconds, now=now
            )
        return upload_slot(photo, url=url, stored=stored, limit=state.limits.photo_bytes)

    slots = [slot(photo) for photo in declaration.photos]
    expire_at = now + timedelta(seconds=seconds)
    return declared_files(declaration.job, slots, urls_expire_at=expire_at, base=base)


def _stored(state: ApiState, declaration: Declaration) -> dict[str, int]:
    """Return the sizes of the objects on the pages of these photos: one listing or two."""
    job = declaration.job
    pages = {upload_prefix(job.tenant, job.public_id, photo.seq) for photo in declaration.photos}
    return {found.key: found.size for page in sorted(pages) for found in state.storage.list(page)}

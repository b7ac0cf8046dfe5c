"""Receipts of erasures: signed once the bucket was looked through and holds nothing of the job.

An erased job's rows go with the request; its objects wait for the grace and for what other jobs of
the tenant still name. A receipt therefore says two times, and the second one only after looking.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Protocol

from services.common.db.erasure_tables import Erasure
from services.common.db.session import SessionFactory, unit_of_work
from services.common.domain.ids import IdKind, format_id
from services.common.jobs.repositories.erasures import ErasureRepository
from services.common.jobs.repositories.receipts import ReceiptRepository, prefixes_of
from services.common.storage import StoredObject
from services.common.telemetry import get_logger
from services.maintenance.signing import ReceiptSigner

RECEIPT_SLICE = 20
# What is looked up in the database at a time.
_KEYS_PAGE = 1_000
_AGAIN = timedelta(minutes=1)

_log = get_logger(__name__)


class ReceiptBucket(Protocol):
    """What is asked of the object storage."""

    def exists(self, key: str) -> bool:
        """Tell whether ``key`` names an object."""

    def list(self, prefix: str, *, after: str | None = None) -> Iterator[StoredObject]:
        """Walk objects below a prefix in the order of their keys."""


class Receipts:
    """One step looks after a slice of the erasures whose objects should be gone."""

    def __init__(
        self,
        sessions: SessionFactory,
        bucket: ReceiptBucket,
        *,
        grace: timedelta,
        signer: ReceiptSigner | None,
    ) -> None:
        self._sessions = sessions
        self._bucket = bucket
        self._grace = grace
        self._signer = signer

    def step(self) -> bool:
        """Look once; whether a slice was full, so that more is waiting."""
        if self._signer is not None:
            with unit_of_work(self._sessions) as session:
                public_key = self._signer.public_key
                ReceiptRepository(session).add_key(kid=self._signer.kid, public_key=public_key)
        return all(self._look_after_one() for _ in range(RECEIPT_SLICE))

    def _look_after_one(self) -> bool:
        """Confirm an erasure if the bucket allows it; whether there was one to look at.

        No transaction is open while the bucket is asked: of 2,000 photos that takes seconds.
        """
        with unit_of_work(self._sessions) as session:
            receipts = ReceiptRepository(session)
            erasure = receipts.take_due(grace=self._grace, again=_AGAIN)
            if erasure is None:
                return False
            if receipts.is_scheduled(erasure):
                return True
        kept, left = self._look(erasure)
        if left:
            self._schedule_again(erasure, left)
            return True
        with unit_of_work(self._sessions) as session:
            receipts = ReceiptRepository(session)
            if receipts.is_scheduled(erasure):  # put again while it was looked for
                return True
            confirmed = receipts.confirm(erasure, kept=kept)
            if self._signer is not None:
                receipts.sign(confirmed, self._signer.sign(receipt_text(confirmed)))
        _log.info(
            "erasure.confirmed",
            job=format_id(IdKind.JOB, erasure.of_job or erasure.job_public_id),
            kept=kept,
            signed=self._signer is not None,
        )
        return True

    def _look(self, erasure: Erasure) -> tuple[int, list[str]]:
        """Count the objects that other jobs keep, and name those that nobody names."""
        kept, left = 0, []
        for keys, listed in self._pages(erasure):
            with unit_of_work(self._sessions) as session:
                unnamed = ErasureRepository(session).unnamed(keys)
            kept += len(keys) - len(unnamed)
            left += [key for key in unnamed if listed or self._bucket.exists(key)]
        return kept, left

    def _pages(self, erasure: Erasure) -> Iterator[tuple[list[str], bool]]:
        """Yield keys of the job, and whether a listing of the bucket has just shown them."""
        job = erasure.job_public_id
        for prefix in prefixes_of(erasure):
            found = (stored.key for stored in self._bucket.list(prefix))
            while page := list(islice(found, _KEYS_PAGE)):
                yield page, True
        with unit_of_work(self._sessions) as session:
            noted = ReceiptRepository(session).objects(job)
        for start in range(0, len(noted), _KEYS_PAGE):
            yield noted[start : start + _KEYS_PAGE], False

    def _schedule_again(self, erasure: Erasure, left: list[str]) -> None:
        """Have deleted what came after the deletion, by a URL or a late picture."""
        job = erasure.of_job or erasure.job_public_id
        prefixes = prefixes_of(erasure)
        with unit_of_work(self._sessions) as session:
            erasures = ErasureRepository(session)
            found = [prefix for prefix in prefixes if any(key.startswith(prefix) for key in left)]
            if found:
                erasures.schedule_prefix(*found)
            erasures.schedule_deletion(key for key in left if not key.startswith(prefixes))
        _log.warning("erasure.incomplete", job=format_id(IdKind.JOB, job), objects=len(left))


def receipt_text(erasure: Erasure) -> str:
    """Write what is signed of a confirmed erasure: JSON, whose fields docs/api.md explains."""
    said: dict[str, Any] = {
        "type": "hfer-erasure",
        "version": 1,
        "job": format_id(IdKind.JOB, erasure.of_job or erasure.job_public_id),
        "tenant": erasure.tenant,
        "key": erasure.key_id,
        "key_name": erasure.key_name,
        "reason": erasure.stated_reason,
        "photos": erasure.photos,
        "photos_kept": erasure.photos_kept,
        "training_faces": erasure.training_faces,
        "erased_at": _utc(erasure.erased_at),
        "bucket_empty_at": _utc(erasure.bucket_empty_at),
    }
    # Not counted of an erasure by an API of before.
    counts = {"reviews": erasure.reviews, "draws": erasure.draws}
    said |= {name: count for name, count in counts.items() if count is not None}
    if erasure.of_job is not None:
        said["id"] = format_id(IdKind.ERASURE, erasure.job_public_id)
        said["items"] = [format_id(IdKind.ITEM, item) for item in erasure.items or ()]
    return json.dumps(said, ensure_ascii=False)


def _utc(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")

"""Finished jobs written straight into the tables, as no worker would leave them."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from benchmarks.viewing.pictures import Picture
from infra.local.http import post_json
from infra.local.stack import LocalStack, storage_settings
from services.common.db.tables import Item, Job, Outcome
from services.common.domain.faces import AnalysisOptions
from services.common.domain.ids import IdKind, format_id, new_uuid7
from services.common.domain.jobs import ItemState, JobStatus, Verdict
from services.common.storage import build_storage

_FACE = {
    "face_index": 0,
    "box": [9.0, 9.0, 90.0, 90.0],
    "landmarks": [[20.0, 20.0]] * 5,
    "confidence": 0.9,
    "probabilities": [0.1, 0.1, 0.1, 0.4, 0.1, 0.1, 0.1],
    "margin": 0.3,
    "uncertain": False,
    "blur": 1.0,
}


@dataclass(frozen=True, slots=True)
class Seeded:
    """A finished job and its photos, by public id."""

    key: str
    job: str
    items: list[tuple[str, str]]

    @property
    def header(self) -> dict[str, str]:
        """Says whose the request is."""
        return {"Authorization": f"Bearer {self.key}"}


class Seeder:
    """Writes finished jobs of tenants of its own, their photos into the bucket."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self._engine = create_engine(stack.environment["HFER_DATABASE__URL"])
        self._storage = build_storage(storage_settings(stack.environment))
        self._keys: dict[str, str] = {}

    def job(self, tenant: str, photos: Sequence[Picture]) -> Seeded:
        """Write one job; equal files are one object."""
        job_id = new_uuid7()
        now = datetime.now(UTC)
        items = []
        with Session(self._engine) as session:
            job = Job(
                public_id=job_id,
                tenant=tenant,
                total=len(photos),
                options=asdict(AnalysisOptions()),
                labels={},
                status=JobStatus.SUCCEEDED,
                sealed_at=now,
                started_at=now,
                finished_at=now,
                expires_at=now + timedelta(days=1),
            )
            session.add(job)
            session.flush()
            for seq, photo in enumerate(photos):
                items.append((photo.name, self._item(session, job, seq, photo)))
            session.commit()
        return Seeded(self._key(tenant), format_id(IdKind.JOB, job_id), items)

    def _item(self, session: Session, job: Job, seq: int, photo: Picture) -> str:
        digest = hashlib.sha256(photo.data)
        key = f"photos/viewing/{digest.hexdigest()}"
        if not self._storage.exists(key):
            size = len(photo.data)
            self._storage.put(key, io.BytesIO(photo.data), size=size, content_type="image/x")
        item = Item(
            public_id=new_uuid7(),
            job_id=job.id,
            seq=seq,
            queue="batch",
            filename=photo.name,
            object_key=key,
            sha256=digest.digest(),
            byte_count=len(photo.data),
            state=ItemState.FINISHED,
            verdict=Verdict.SUCCEEDED,
            attempts=1,
        )
        session.add(item)
        session.flush()
        payload = {
            "width": photo.width,
            "height": photo.height,
            "exif_orientation": 1,
            "faces_truncated": False,
            "faces": [_FACE],
        }
        session.add(
            Outcome(
                item_id=item.id, ok=True, payload=payload, model_version="none", milliseconds=1.0
            )
        )
        return format_id(IdKind.ITEM, item.public_id)

    def _key(self, tenant: str) -> str:
        if tenant not in self._keys:
            body = {"tenant": tenant, "name": tenant, "scopes": ["jobs:read"]}
            made = post_json(f"{self._stack.url}/v1/api-keys", body, key=self._stack.admin_key)
            self._keys[tenant] = made["secret"]
        return self._keys[tenant]

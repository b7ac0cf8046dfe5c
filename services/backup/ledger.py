"""What a restore has to do again: erasures and revocations that came after the backup.

A ledger is a file of JSON lines, an act each: as ``ledger`` writes it from the live database, as
`GET /v1/audit` exports it, or as log lines of the API. So whichever of them survived is of use.
"""

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from services.backup.errors import BackupError
from services.backup.moment import connected
from services.backup.repository import SourceRepository
from services.backup.settings import BackupSettings
from services.common.audit.actions import Action
from services.common.db.session import build_engine, build_session_factory, unit_of_work
from services.common.domain.ids import IdKind, format_id, parse_id
from services.common.jobs.lifecycle import ERASED_BY_USER
from services.common.jobs.repositories.erasures import ErasureRepository, ErasureRequest
from services.common.jobs.repositories.jobs import JobRepository
from services.common.jobs.repositories.photo_erasures import PhotoErasureRepository
from services.common.keys.errors import KeyMissingError
from services.common.keys.service import revoke_key

_PHOTOS_AT_ONCE = 1_000
_ERASURES = {Action.JOB_ERASED: IdKind.JOB, Action.UPLOAD_ERASED: IdKind.UPLOAD}


@dataclass(frozen=True, slots=True)
class Ledger:
    """Jobs to erase again and photos of others, with who wanted it, and keys to revoke again."""

    erased: Mapping[uuid.UUID, ErasureRequest]
    photos: Mapping[uuid.UUID, ErasureRequest]
    revoked: frozenset[uuid.UUID]


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many jobs, photos and keys of a ledger were there and are gone again."""

    jobs: int
    photos: int
    keys: int


def write_ledger(settings: BackupSettings, path: Path) -> int:
    """Write all erasures and revocations that the database knows; how many lines they are.

    Raises:
        BackupError: the database is not reachable.
    """
    lines = 0
    with connected(settings.conninfo) as connection, path.open("x") as file:
        path.chmod(0o600)
        for act in _acts(SourceRepository(connection)):
            file.write(json.dumps(act) + "\n")
            lines += 1
    return lines


def _acts(source: SourceRepository) -> Iterator[dict[str, Any]]:
    erased = (
        (Action.JOB_ERASED, IdKind.JOB, source.erasures()),
        (Action.PHOTO_ERASED, IdKind.ITEM, source.photo_erasures()),
    )
    for action, kind, rows in erased:
        for about, tenant, key_id, key_name, reason, at in rows:
            yield {
                "action": action.value,
                "outcome": "done",
                "object": format_id(kind, about),
                "tenant": tenant,
                "key": key_id,
                "key_name": key_name,
                "reason": reason,
                "at": at.isoformat(),
            }
    for key, at in source.revocations():
        yield {
            "action": Action.KEY_REVOKED.value,
            "outcome": "done",
            "object": format_id(IdKind.KEY, key),
            "at": at.isoformat(),
        }


def read_ledger(path: Path) -> Ledger:
    """Read a ledger; lines that are no act of these kinds are passed over.

    Raises:
        BackupError: the file cannot be read, or holds no line of JSON.
    """
    erased: dict[uuid.UUID, ErasureRequest] = {}
    photos: dict[uuid.UUID, ErasureRequest] = {}
    revoked: set[uuid.UUID] = set()
    read = 0
    try:
        with path.open(errors="replace") as file:
            for act in filter(None, map(_act_of, file)):
                read += 1
                if act.get("outcome") != "done":
                    continue
                kind = _ERASURES.get(act.get("action", ""))
                about = str(act.get("object"))
                if kind is not None and (job := parse_id(kind, about)) is not None:
                    erased[job] = _request_of(act)
                if act.get("action") == Action.PHOTO_ERASED and (
                    item := parse_id(IdKind.ITEM, about)
                ):
                    photos[item] = _request_of(act)
                if act.get("action") == Action.KEY_REVOKED and (key := parse_id(IdKind.KEY, about)):
                    revoked.add(key)
    except OSError as error:
        raise BackupError(f"the ledger cannot be read: {error}") from error
    if not read and path.stat().st_size:
        raise BackupError(f"{path} is no ledger: none of its lines is JSON")
    return Ledger(erased, photos, frozenset(revoked))


def replay(settings: BackupSettings, ledger: Ledger) -> Replayed:
    """Erase and revoke again what a restored database still has; a second time changes nothing.

    The objects go as at any erasure: by maintenance, when the grace is over.
    """
    engine = build_engine(settings.database)
    sessions = build_session_factory(engine)
    jobs = photos = keys = 0
    try:
        for public_id, request in ledger.erased.items():
            with unit_of_work(sessions) as session:
                job = JobRepository(session).of_any_tenant(public_id)
                if job is not None:
                    ErasureRepository(session).erase(job, reason=ERASED_BY_USER, asked=request)
                    jobs += 1
        for request, items in _by_request(ledger.photos):
            with unit_of_work(sessions) as session:
                photos += _erase_photos(session, items, request)
        with unit_of_work(sessions) as session:
            keys = sum(_revoke(session, key) for key in sorted(ledger.revoked))
    finally:
        engine.dispose()
    return Replayed(jobs, photos, keys)


def _by_request(
    photos: Mapping[uuid.UUID, ErasureRequest],
) -> Iterator[tuple[ErasureRequest, list[uuid.UUID]]]:
    """Yield photos that one request named, each time a transaction's worth."""
    by_request: dict[ErasureRequest, list[uuid.UUID]] = {}
    for item, request in photos.items():
        by_request.setdefault(request, []).append(item)
    for request, items in by_request.items():
        for start in range(0, len(items), _PHOTOS_AT_ONCE):
            yield request, items[start : start + _PHOTOS_AT_ONCE]


def _erase_photos(session: Session, items: list[uuid.UUID], request: ErasureRequest) -> int:
    """Erase those of these photos that are there, whatever the state of their jobs is by now."""
    repository, erased = PhotoErasureRepository(session), 0
    for public_id, found in repository.of_items(items).items():
        job = JobRepository(session).of_any_tenant(public_id)
        if job is not None:
            erased += len(repository.erase(job, found, asked=request).items)
    return erased


def _revoke(session: Session, key: uuid.UUID) -> bool:
    try:
        return revoke_key(session, key)
    except KeyMissingError:
        return False


def _act_of(line: str) -> dict[str, Any] | None:
    try:
        act = json.loads(line)
    except ValueError:
        return None
    return act if isinstance(act, dict) else None


def _request_of(act: Mapping[str, Any]) -> ErasureRequest:
    reason = act.get("reason")
    return ErasureRequest(
        str(act.get("key") or "unknown"),
        str(act.get("key_name") or "unknown"),
        None if reason is None else str(reason),
    )

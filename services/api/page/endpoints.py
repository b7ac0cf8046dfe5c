"""`/v1/page/marks`: what the page's processes count together (ADR 0039).

Not in the OpenAPI document: the page alone asks, and changes with the API. The digests are HMACs
of the page's own, so that no other key of its tenant can name one.
"""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.api.dependencies import Reader, Submitter, Transaction
from services.api.schemas import Input
from services.common.domain.page import MarkKind
from services.common.page.repository import PageMarkRepository

router = APIRouter(prefix="/v1/page/marks", include_in_schema=False)

_LONGEST_S = 8 * 86_400
_MOST_READ = 8

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _MarkInput(Input):
    # Not strict like other inputs: an enum has no other form in JSON than a string.
    model_config = ConfigDict(strict=False)

    kind: MarkKind


class MarkQuestion(_MarkInput):
    """Which marks are to be read."""

    digests: list[Digest] = Field(min_length=1, max_length=_MOST_READ)


class OldMark(_MarkInput):
    """A mark by its digest."""

    digest: Digest


class NewMark(OldMark):
    """Something to be marked once more, for ``ttl_s``; not if its count is not ``expected``."""

    ttl_s: float = Field(gt=0, le=_LONGEST_S)
    expected: int | None = Field(default=None, ge=0)


class MarkObject(BaseModel):
    """A mark that holds; ``age_s`` counts from the last time."""

    digest: str
    count: int
    age_s: float


class MarkList(BaseModel):
    """Those of the marks that hold."""

    data: list[MarkObject]


class MarkCount(BaseModel):
    """The count with the new mark; null when there is none, as it was another than expected."""

    count: int | None


@router.post("/read")
def read_marks(session: Transaction, caller: Reader, asked: MarkQuestion) -> MarkList:
    """Read marks by their digests."""
    digests = [bytes.fromhex(digest) for digest in asked.digests]
    marks = PageMarkRepository(session, caller.tenant).read(asked.kind, digests)
    return MarkList(
        data=[
            MarkObject(digest=mark.digest.hex(), count=mark.count, age_s=mark.age_s)
            for mark in marks
        ]
    )


@router.post("")
def add_mark(session: Transaction, caller: Submitter, new: NewMark) -> MarkCount:
    """Mark something once more."""
    marks = PageMarkRepository(session, caller.tenant)
    count = marks.add(new.kind, bytes.fromhex(new.digest), ttl_s=new.ttl_s, expected=new.expected)
    return MarkCount(count=count)


@router.post("/take-back")
def take_mark_back(session: Transaction, caller: Submitter, old: OldMark) -> MarkCount:
    """Count one less."""
    PageMarkRepository(session, caller.tenant).take_back(old.kind, bytes.fromhex(old.digest))
    return MarkCount(count=None)

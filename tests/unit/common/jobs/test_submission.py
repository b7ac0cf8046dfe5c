"""What makes two submissions the same."""

import uuid
from dataclasses import replace

import pytest

from services.common.db.tables import Job
from services.common.domain.faces import AnalysisOptions
from services.common.domain.queues import Lane
from services.common.jobs.repositories.items import NewItem
from services.common.jobs.submission import Submission, fingerprint, lane_of


def photo(name: str, digest: int, *, number: int = 0) -> NewItem:
    return NewItem(
        public_id=uuid.UUID(int=number), filename=name, sha256=bytes([digest] * 32), byte_count=1
    )


BASE = Submission(tenant="t", items=[photo("a", 1), photo("b", 2)])


class TestFingerprint:
    def test_does_not_see_ids_keys_or_the_tenant(self) -> None:
        same = replace(
            BASE,
            items=[photo("a", 1, number=7), photo("b", 2, number=8)],
            idempotency_key="k",
            tenant="u",
        )
        assert fingerprint(same) == fingerprint(BASE)

    def test_does_not_see_the_order_of_labels(self) -> None:
        one = replace(BASE, labels={"a": "1", "b": "2"})
        assert fingerprint(one) == fingerprint(replace(BASE, labels={"b": "2", "a": "1"}))

    @pytest.mark.parametrize(
        "other",
        [
            replace(BASE, items=[photo("b", 2), photo("a", 1)]),
            replace(BASE, items=[photo("a", 1)]),
            replace(BASE, items=[photo("a", 1), photo("b", 3)]),
            replace(BASE, items=[photo("a", 1), photo("c", 2)]),
            replace(BASE, options=AnalysisOptions(top_n=1)),
            replace(BASE, labels={"a": "1"}),
            replace(BASE, client_ref="r"),
            replace(BASE, parent=Job(public_id=uuid.UUID(int=1))),
        ],
    )
    def test_sees_every_other_change(self, other: Submission) -> None:
        assert fingerprint(other) != fingerprint(BASE)


class TestLaneOf:
    def test_up_to_eight_photos_are_interactive(self) -> None:
        assert [lane_of(n) for n in (1, 8, 9)] == [Lane.INTERACTIVE, Lane.INTERACTIVE, Lane.BATCH]

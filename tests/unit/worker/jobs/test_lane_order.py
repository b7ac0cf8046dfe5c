from services.common.domain.queues import Lane
from services.worker.jobs.lane_order import LaneOrder

BOTH = [Lane.INTERACTIVE, Lane.BATCH]


def claimed(times: int, *, waiting: list[Lane] = BOTH) -> LaneOrder:
    order = LaneOrder()
    for _ in range(times):
        order.record(Lane.INTERACTIVE, waiting=waiting)
    return order


def test_a_batch_is_due_after_eight_interwaiting_claims_in_a_row() -> None:
    assert [claimed(times).batch_is_due for times in (0, 7, 8, 9)] == [False, False, True, True]


def test_its_claim_begins_the_count_anew() -> None:
    order = claimed(8)
    order.record(Lane.BATCH, waiting=BOTH)
    assert not order.batch_is_due


def test_nothing_is_counted_while_no_batch_waits() -> None:
    order = claimed(20, waiting=[Lane.INTERACTIVE])
    assert not order.batch_is_due
    order.record(Lane.INTERACTIVE, waiting=BOTH)
    assert not order.batch_is_due

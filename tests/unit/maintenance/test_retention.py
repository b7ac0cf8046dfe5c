from collections.abc import Sequence

import pytest

from services.common.db.tables import Job
from services.maintenance.retention import PHOTO_SLICE, first_share


@pytest.mark.parametrize(
    ("photos", "taken"),
    [
        ([], 0),
        ([1, 1, 1], 3),
        ([PHOTO_SLICE - 1, 1, 1], 2),
        ([10 * PHOTO_SLICE, 1], 1),
        ([1, 10 * PHOTO_SLICE], 1),
        ([None, 1], 2),
    ],
    ids=["none", "small", "just fits", "one that is larger", "before a larger one", "uncounted"],
)
def test_a_transaction_takes_its_share_of_photos_and_at_least_one_job(
    photos: Sequence[int | None], taken: int
) -> None:
    jobs = [Job(total=total) for total in photos]
    assert first_share(jobs) == jobs[:taken]

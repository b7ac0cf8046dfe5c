from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from services.common.db.model_tables import TrialLoad
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Model
from services.common.domain.ids import new_uuid7
from services.common.registry.trial_load_repository import LoadState, TrialLoadRepository

SHA256 = bytes(range(32))


@pytest.fixture
def model_id(sessions: SessionFactory) -> int:
    with unit_of_work(sessions) as session:
        model = Model(
            public_id=new_uuid7(), name="tiny", version="1.0.0", sha256=SHA256, manifest={}
        )
        session.add(model)
        session.flush()
        return model.id


class TestTrialLoads:
    def test_are_taken_once_and_answered(self, sessions: SessionFactory, model_id: int) -> None:
        with unit_of_work(sessions) as session:
            load = TrialLoadRepository(session).request(model_id)
            assert TrialLoadRepository(session).state(load) == LoadState(None, finished=False)
        with unit_of_work(sessions) as mine, unit_of_work(sessions) as theirs:
            asked = TrialLoadRepository(mine).claim(host="a")
            assert TrialLoadRepository(theirs).claim(host="b") is None
        assert asked is not None
        assert (asked.id, asked.sha256) == (load, SHA256)
        with unit_of_work(sessions) as session:
            loads = TrialLoadRepository(session)
            assert loads.state(load) == LoadState("a", finished=False)
            loads.finish(load, error_code="transient", error_detail="Full.")
            assert loads.state(load) == LoadState("a", True, "transient", "Full.")
            assert loads.claim(host="b") is None

    def test_the_oldest_comes_first(self, sessions: SessionFactory, model_id: int) -> None:
        with unit_of_work(sessions) as session:
            loads = TrialLoadRepository(session)
            first, second = loads.request(model_id), loads.request(model_id)
            taken = [loads.claim(host="a"), loads.claim(host="b"), loads.claim(host="c")]
        assert [None if each is None else each.id for each in taken] == [first, second, None]

    def test_one_that_is_withdrawn_is_answered_to_nobody(
        self, sessions: SessionFactory, model_id: int
    ) -> None:
        with unit_of_work(sessions) as session:
            loads = TrialLoadRepository(session)
            load = loads.request(model_id)
            loads.withdraw(load)
            loads.finish(load)
            assert (loads.state(load), loads.claim(host="a")) == (None, None)

    def test_one_left_behind_is_forgotten(self, sessions: SessionFactory, model_id: int) -> None:
        with unit_of_work(sessions) as session:
            loads = TrialLoadRepository(session)
            old = loads.request(model_id)
            long_ago = datetime.now(UTC) - timedelta(hours=2)
            session.execute(update(TrialLoad).values(requested_at=long_ago))
            new = loads.request(model_id)
            assert loads.state(old) is None
            assert loads.state(new) is not None

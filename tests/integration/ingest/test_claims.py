"""Which URLs are claimed: by turns, within the share of a host and a tenant, under a lease."""

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from sqlalchemy import update

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Job
from services.common.domain.jobs import ItemState
from services.common.jobs.lifecycle import cancel
from services.common.jobs.queue.repositories.fetches import FetchRepository
from tests.fixtures.factories import Rows
from tests.integration.ingest.conftest import TENANT, UrlJobMaker, claim


class TestClaims:
    def test_jobs_take_turns(self, sessions: SessionFactory, make_url_job: UrlJobMaker) -> None:
        large = make_url_job(*[f"https://slow.example.com/{n}.jpg" for n in range(10)])
        small = make_url_job("https://photos.example.com/a.jpg")
        claimed = claim(sessions, limit=4, per_host=8)
        assert sorted(one.job_id for one in claimed) == [large.id] * 3 + [small.id]

    def test_two_fetchers_never_hold_the_same_photo(
        self, sessions: SessionFactory, make_url_job: UrlJobMaker
    ) -> None:
        make_url_job(*[f"https://photos.example.com/{n}.jpg" for n in range(40)])
        with ThreadPoolExecutor(8) as pool:
            claims = list(pool.map(lambda _: claim(sessions, limit=5, per_host=40), range(8)))
        held = [one.item_id for claimed in claims for one in claimed]
        assert len(held) == len(set(held)) == 40

    def test_processes_that_claim_at_once_stay_below_what_a_host_may_take(
        self, sessions: SessionFactory, make_url_job: UrlJobMaker
    ) -> None:
        make_url_job(*[f"https://photos.example.com/{n}.jpg" for n in range(40)])
        with ThreadPoolExecutor(8) as pool:
            claims = list(pool.map(lambda _: claim(sessions, limit=3, per_host=4), range(8)))
        assert sum(map(len, claims)) == 4

    def test_a_host_that_has_enough_does_not_hide_the_others_of_its_job(
        self, sessions: SessionFactory, make_url_job: UrlJobMaker
    ) -> None:
        slow = [f"https://slow.example.com/{n}.jpg" for n in range(200)]
        make_url_job(*slow, "https://photos.example.com/a.jpg", "https://PHOTOS.example.com./b.jpg")
        hosts = Counter(one.host for one in claim(sessions, limit=16, per_host=4))
        assert hosts == {"slow.example.com": 4, "photos.example.com": 2}
        assert claim(sessions, limit=16, per_host=4) == []

    def test_two_jobs_on_one_host_share_what_it_may_take(
        self, sessions: SessionFactory, make_url_job: UrlJobMaker
    ) -> None:
        urls = [f"https://photos.example.com/{n}.jpg" for n in range(10)]
        first, second = make_url_job(*urls), make_url_job(*urls, tenant="other")
        held = Counter(one.job_id for one in claim(sessions, limit=16, per_host=4))
        assert held == {first.id: 2, second.id: 2}

    def test_one_tenants_slow_hosts_leave_threads_to_the_others(
        self, sessions: SessionFactory, make_url_job: UrlJobMaker
    ) -> None:
        """2,000 photos on 500 hosts, in three jobs, come first; another tenant's come later."""
        for part in range(3):
            make_url_job(*[f"https://h{n % 500}.example/{part}-{n}.jpg" for n in range(667)])
        greedy = claim(sessions, limit=16, per_host=4, reserve=2)
        assert len(greedy) == 14
        assert claim(sessions, limit=2, per_host=4, reserve=2) == []
        modest = make_url_job("https://photos.example.com/a.jpg", tenant="other")
        assert [one.job_id for one in claim(sessions, limit=2, per_host=4, reserve=2)] == [
            modest.id
        ]

    def test_who_holds_least_goes_first(
        self, sessions: SessionFactory, make_url_job: UrlJobMaker
    ) -> None:
        make_url_job(*[f"https://h{n}.example/a.jpg" for n in range(20)])
        assert len(claim(sessions, limit=6, per_host=4)) == 6
        modest = make_url_job(*[f"https://i{n}.example/a.jpg" for n in range(20)], tenant="other")
        assert {one.job_id for one in claim(sessions, limit=6, per_host=4)} == {modest.id}

    def test_a_lease_is_renewed(self, sessions: SessionFactory, make_url_job: UrlJobMaker) -> None:
        make_url_job("https://photos.example.com/a.jpg")
        token = uuid.uuid4()
        with unit_of_work(sessions) as session:
            FetchRepository(session).claim(limit=1, token=token, lease_s=0, per_host=4)
        with unit_of_work(sessions) as session:
            assert FetchRepository(session).renew([token], lease_s=60) == 1
        assert claim(sessions, limit=1, per_host=4) == []

    def test_a_lease_that_ran_out_is_claimed_again_and_the_late_one_writes_nothing(
        self, sessions: SessionFactory, make_url_job: UrlJobMaker, rows: Rows
    ) -> None:
        job = make_url_job("https://photos.example.com/a.jpg")
        late, new = uuid.uuid4(), uuid.uuid4()
        with unit_of_work(sessions) as session:
            FetchRepository(session).claim(limit=1, token=late, lease_s=0, per_host=8)
        with unit_of_work(sessions) as session:
            [again] = FetchRepository(session).claim(limit=1, token=new, lease_s=60, per_host=8)
        assert again.attempts == 2
        with unit_of_work(sessions) as session:
            assert not FetchRepository(session).postpone(job.items[0], token=late, delay_s=0)
        assert rows.item(job.items[0]).state == ItemState.READY

    def test_nothing_of_a_cancelled_or_expired_job_is_claimed(
        self, sessions: SessionFactory, make_url_job: UrlJobMaker, rows: Rows
    ) -> None:
        cancelled = make_url_job("https://photos.example.com/a.jpg")
        expired = make_url_job("https://photos.example.com/b.jpg")
        with unit_of_work(sessions) as session:
            cancel(session, TENANT, rows.job(cancelled.id).public_id)
            session.execute(
                update(Job)
                .where(Job.id == expired.id)
                .values(expires_at=datetime(2026, 1, 1, tzinfo=UTC))
            )
        assert claim(sessions, limit=9, per_host=8) == []

    def test_what_is_given_back_counts_no_try(
        self, sessions: SessionFactory, make_url_job: UrlJobMaker
    ) -> None:
        make_url_job("https://photos.example.com/a.jpg")
        token = uuid.uuid4()
        with unit_of_work(sessions) as session:
            FetchRepository(session).claim(limit=1, token=token, lease_s=60, per_host=8)
        with unit_of_work(sessions) as session:
            assert FetchRepository(session).release([token]) == 1
        with unit_of_work(sessions) as session:
            [again] = FetchRepository(session).claim(limit=1, token=token, lease_s=60, per_host=8)
        assert again.attempts == 1

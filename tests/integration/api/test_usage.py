"""`/v1/usage`, as JSON and CSV."""

from datetime import UTC, datetime

import pytest

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tenant_tables import TenantUsage
from services.common.keys.service import Scope
from tests.fixtures.serving import Api, assert_problem, files

DAY = datetime(2026, 11, 2, tzinfo=UTC).date()
SPAN = {"from": "2026-11-01", "to": "2026-11-30"}


@pytest.fixture
def filled(sessions: SessionFactory) -> None:
    with unit_of_work(sessions) as session:
        for tenant in ("default", "=1+1"):
            session.add(
                TenantUsage(
                    tenant=tenant, day=DAY, slot=1, photos=3, byte_count=90, faces=4, core_ms=1_250
                )
            )


ROW = {
    "day": "2026-11-02",
    "tenant": "default",
    "photos": 3,
    "bytes": 90,
    "faces": 4,
    "core_seconds": 1.25,
}


@pytest.mark.usefixtures("filled")
class TestUsage:
    def test_a_tenant_sees_itself(self, api: Api) -> None:
        client = api.client(Scope.JOBS_READ)
        assert client.get("/v1/usage", params=SPAN).json()["data"] == [ROW]
        mine = client.get("/v1/usage", params={**SPAN, "tenant": "default"}).json()
        assert mine["data"] == [ROW]
        refused = client.get("/v1/usage", params={**SPAN, "tenant": "other"})
        assert_problem(refused, 403, "insufficient-scope")

    def test_an_operator_sees_all_or_one(self, api: Api) -> None:
        operator = api.client(Scope.ADMIN)
        names = [row["tenant"] for row in operator.get("/v1/usage", params=SPAN).json()["data"]]
        assert names == ["=1+1", "default"]
        one = operator.get("/v1/usage", params={**SPAN, "tenant": "default"}).json()
        assert one["data"] == [ROW]

    def test_is_paged(self, api: Api) -> None:
        operator = api.client(Scope.ADMIN)
        first = operator.get("/v1/usage", params={**SPAN, "limit": 1})
        rest = operator.get(first.links["next"]["url"]).json()
        assert [row["tenant"] for row in first.json()["data"] + rest["data"]] == ["=1+1", "default"]
        assert not rest["has_more"]

    @pytest.mark.parametrize("way", ["accept", "format"])
    def test_as_csv_runs_no_formula(self, api: Api, way: str) -> None:
        params = {**SPAN, "format": "csv"} if way == "format" else SPAN
        headers = {"Accept": "text/csv"} if way == "accept" else {}
        answer = api.client(Scope.ADMIN).get("/v1/usage", params=params, headers=headers)
        assert answer.headers["content-type"].startswith("text/csv")
        assert answer.text.split("\r\n") == [
            "day,tenant,photos,bytes,faces,core_seconds",
            "2026-11-02,'=1+1,3,90,4,1.25",
            "2026-11-02,default,3,90,4,1.25",
            "",
        ]

    def test_days_the_wrong_way_round_have_no_rows(self, api: Api) -> None:
        params = {"from": "2026-11-30", "to": "2026-11-01"}
        assert api.client().get("/v1/usage", params=params).json()["data"] == []

    def test_the_last_day_alone_has_thirty_before_it(self, api: Api) -> None:
        client = api.client()
        assert client.get("/v1/usage", params={"to": "2026-11-30"}).json()["data"] == [ROW]
        assert client.get("/v1/usage", params={"to": "0001-01-02"}).json()["data"] == []


def test_what_is_sent_is_todays(api: Api) -> None:
    client = api.client()
    assert client.post("/v1/jobs", files=files(b"one", b"three")).status_code == 202
    (row,) = client.get("/v1/usage").json()["data"]
    assert (row["photos"], row["bytes"], row["faces"]) == (2, 8, 0)

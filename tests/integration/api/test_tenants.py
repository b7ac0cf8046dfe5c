"""`/v1/tenants`: what operators set for each."""

from typing import Any

import pytest

from services.common.keys.service import Scope
from tests.fixtures.serving import Api, assert_problem, pointers

NOTHING: dict[str, Any] = {
    "requests_per_second": None,
    "open_uploads": None,
    "open_streams": None,
    "open_photos": None,
    "photos_per_day": None,
    "stored_bytes": None,
}


class TestTenants:
    def test_one_is_set_looked_at_listed_and_reset(self, api: Api) -> None:
        operator = api.client(Scope.ADMIN)
        url = "/v1/tenants/acme"
        assert_problem(operator.get(url), 404, "not-found")
        made = operator.put(url, json={"weight": 3, "limits": {"open_photos": 0}})
        assert made.status_code == 200
        assert made.json() == {
            "tenant": "acme",
            "weight": 3,
            "limits": NOTHING | {"open_photos": 0},
            "updated_at": made.json()["updated_at"],
        }
        assert operator.get(url).json() == made.json()
        names = [tenant["tenant"] for tenant in operator.get("/v1/tenants").json()["data"]]
        assert names == ["acme", "default"]
        assert operator.delete(url).status_code == 204
        assert_problem(operator.delete(url), 404, "not-found")

    def test_what_is_left_out_goes_back_to_the_deployments(self, api: Api) -> None:
        operator = api.client(Scope.ADMIN)
        operator.put("/v1/tenants/acme", json={"weight": 3, "limits": {"open_photos": 5}})
        again = operator.put("/v1/tenants/acme", json={}).json()
        assert (again["weight"], again["limits"]) == (1, NOTHING)

    def test_a_tenant_with_a_key_alone_has_the_deployments(self, api: Api) -> None:
        seen = api.client(Scope.ADMIN).get("/v1/tenants/default").json()
        assert seen == {"tenant": "default", "weight": 1, "limits": NOTHING, "updated_at": None}

    def test_they_are_paged_by_name(self, api: Api) -> None:
        operator = api.client(Scope.ADMIN)
        for name in ("zoo", "acme", "my friends"):
            operator.put(f"/v1/tenants/{name}", json={})
        first = operator.get("/v1/tenants?limit=3")
        rest = operator.get(first.links["next"]["url"]).json()
        names = [tenant["tenant"] for tenant in first.json()["data"] + rest["data"]]
        assert names == ["acme", "default", "my friends", "zoo"]

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"weight": 0}, "#/weight"),
            ({"weight": 101}, "#/weight"),
            ({"limits": {"open_photos": -1}}, "#/limits/open_photos"),
            ({"limits": {"photos_per_day": 2**31}}, "#/limits/photos_per_day"),
            ({"limits": {"minutes": 1}}, "#/limits/minutes"),
        ],
    )
    def test_a_bad_wish_is_pointed_at(self, api: Api, body: dict[str, Any], pointer: str) -> None:
        response = api.client(Scope.ADMIN).put("/v1/tenants/acme", json=body)
        assert pointers(assert_problem(response, 422, "validation")) == [pointer]

    def test_a_name_that_no_key_may_carry_is_refused(self, api: Api) -> None:
        response = api.client(Scope.ADMIN).put("/v1/tenants/%00", json={})
        assert pointers(assert_problem(response, 422, "validation")) == ["#/path/tenant"]

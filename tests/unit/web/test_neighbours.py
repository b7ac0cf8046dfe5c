"""Which photo comes before and after in a list."""

import asyncio
from collections.abc import Mapping

import httpx

from services.web.gateway import Gateway
from services.web.neighbours import Neighbours, Place
from services.web.settings import WebSettings
from tests.fixtures.fake_service import photo_json
from tests.fixtures.page import WEB_KEY, WebApi, api_problem


def items(request: httpx.Request) -> httpx.Response:
    asked = request.url.params.get_list("index")
    return httpx.Response(200, json={"data": [photo_json(int(one), "a.jpg") for one in asked]})


def api(*order: int) -> WebApi:
    return WebApi(
        {
            ("GET", "/v1/jobs/job_1/items"): items,
            ("GET", "/v1/jobs/job_1/order"): {"total": len(order), "index": list(order)},
        }
    )


def place(
    served: WebApi, index: int, chosen: Mapping[str, str], *, times: int = 1, later: float = 0
) -> Place | None:
    async def ask() -> Place | None:
        gateway = Gateway(WebSettings(api_key=WEB_KEY), transport=httpx.MockTransport(served))
        clock = iter(later * step for step in range(100))
        neighbours = Neighbours(gateway, clock=lambda: next(clock))
        photo = photo_json(index, "a.jpg")
        for _ in range(times):
            found = await neighbours.place("job_1", photo, chosen, total=5)
        await gateway.close()
        return found

    return asyncio.run(ask())


def test_as_sent_the_numbers_are_the_order() -> None:
    served = api()
    assert place(served, 2, {}) == Place(2, 5, "itm_1", "itm_3")
    assert place(served, 0, {"of": "photos"}) == Place(0, 5, None, "itm_1")
    assert place(served, 4, {"sort": "sent"}) == Place(4, 5, "itm_3", None)
    assert served.sent("GET", "/v1/jobs/job_1/order") == []


def test_a_list_has_its_own_order_and_each_photo_once() -> None:
    served = api(4, 4, 4, 0, 2, 2)
    assert place(served, 0, {"sort": "rare", "of": "faces"}) == Place(1, 3, "itm_4", "itm_2")
    asked = served.sent("GET", "/v1/jobs/job_1/order")[0].url.params
    assert dict(asked) == {"sort": "rare", "of": "faces"}


def test_a_photo_outside_the_list_has_no_neighbours() -> None:
    assert place(api(1, 2), 3, {"q": "fair"}) is None


def test_an_api_without_lists_gives_none() -> None:
    served = api()
    served.answers["GET", "/v1/jobs/job_1/order"] = api_problem(404, "not-found")
    assert place(served, 3, {"q": "fair"}) is None


def test_going_on_asks_for_the_order_once_a_minute() -> None:
    served = api(1, 2, 3)
    place(served, 2, {"q": "fair"}, times=5)
    assert len(served.sent("GET", "/v1/jobs/job_1/order")) == 1
    place(served, 2, {"q": "fair"}, times=2, later=70)
    assert len(served.sent("GET", "/v1/jobs/job_1/order")) == 3

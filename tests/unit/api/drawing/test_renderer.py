"""A picture is drawn once however many wait, and never in a thread of the endpoints."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from services.api.drawing.renderer import PictureRenderer
from services.api.errors import ApiError
from services.common.domain.errors import ItemError, ItemErrorCode
from services.imaging.child_pool.pool import ChildPool
from services.imaging.child_pool.process import Budget


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def renderer() -> Iterator[PictureRenderer]:
    made = PictureRenderer(photo_pixels=10, output_bytes=9, waiting=1, wait_s=30)
    yield made
    made.close()


class Picture:
    """A picture whose drawing waits until it may go on."""

    def __init__(self) -> None:
        self.drawn = 0
        self.go_on = threading.Event()
        self.thread = ""

    def __call__(self) -> bytes:
        self.drawn += 1
        self.thread = threading.current_thread().name
        assert self.go_on.wait(30)
        return b"picture"


@pytest.mark.anyio
class TestRenderer:
    async def test_draws_once_for_all_who_wait(self, renderer: PictureRenderer) -> None:
        picture = Picture()
        asked = [
            asyncio.create_task(renderer.draw("key", picture, tenant=tenant, pixels=1))
            for tenant in "aab"
        ]
        await asyncio.sleep(0)
        picture.go_on.set()
        assert await asyncio.gather(*asked) == [b"picture"] * 3
        assert picture.drawn == 1
        assert picture.thread.startswith("draw")
        assert await renderer.draw("key", picture, tenant="a", pixels=1) == b"picture"
        assert picture.drawn == 2

    async def test_one_who_gives_up_spoils_nothing_for_the_others(
        self, renderer: PictureRenderer
    ) -> None:
        picture = Picture()
        one = asyncio.create_task(renderer.draw("key", picture, tenant="a", pixels=1))
        other = asyncio.create_task(renderer.draw("key", picture, tenant="a", pixels=1))
        await asyncio.sleep(0)
        one.cancel()
        picture.go_on.set()
        assert await other == b"picture"

    async def test_nobody_waiting_any_more_takes_no_turn(self, renderer: PictureRenderer) -> None:
        first, second = Picture(), Picture()
        running = asyncio.create_task(renderer.draw("1", first, tenant="a", pixels=1))
        waiting = asyncio.create_task(renderer.draw("2", second, tenant="a", pixels=1))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.wait([waiting])
        first.go_on.set()
        await running
        assert second.drawn == 0

    async def test_says_503_when_too_many_wait_or_too_long(self, renderer: PictureRenderer) -> None:
        slow = Picture()
        running = asyncio.create_task(renderer.draw("1", slow, tenant="a", pixels=1))
        waiting = asyncio.create_task(renderer.draw("2", slow, tenant="a", pixels=1))
        await asyncio.sleep(0.01)
        for wait_s in (None, 0.01):
            with pytest.raises(ApiError) as caught:
                await renderer.draw("3", slow, tenant="a", pixels=1, wait_s=wait_s)
            assert caught.value.code == "overloaded"
            assert caught.value.headers["Retry-After"]
        slow.go_on.set()
        assert await asyncio.gather(running, waiting) == [b"picture"] * 2

    async def test_names_what_is_wrong_with_a_photo(self, renderer: PictureRenderer) -> None:
        def hostile() -> bytes:
            raise ItemError(ItemErrorCode.OUT_OF_MEMORY, "Send it smaller.")

        with pytest.raises(ApiError) as caught:
            await renderer.draw("key", hostile, tenant="a", pixels=1)
        assert caught.value.code == "photo-failed"
        assert caught.value.detail == "out_of_memory: Send it smaller."

    async def test_says_503_and_why_when_no_child_can_be_had(
        self, renderer: PictureRenderer
    ) -> None:
        pool = ChildPool(1, output_bytes=9)
        pool.close()

        def draw() -> bytes:
            return pool.run({}, [], Budget(1)).read()

        with pytest.raises(ApiError) as caught:
            await renderer.draw("key", draw, tenant="a", pixels=1)
        assert caught.value.code == "overloaded"
        assert caught.value.detail == "The service is stopping; try again shortly."
        assert caught.value.headers["Retry-After"]

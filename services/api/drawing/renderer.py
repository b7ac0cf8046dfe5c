"""Where requests have pictures drawn: in child processes, each picture once, tenants in turn."""

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from services.api.drawing.turns import FairTurns, FullError
from services.api.errors import RETRY_AFTER_S, ApiError
from services.api.problems import ProblemCode
from services.common.domain.errors import ItemError, NoDecoderError
from services.imaging.child_pool.pool import ChildPool

Picture = TypeVar("Picture")

# Two children and the API stay below 1 GiB (ADR 0021). One tenant has at most one of them.
CHILDREN = 2
# Drawn beside one of the largest size.
_SPARE_PIXELS = 8_000_000
# Of one tenant: a page of results shows some 50 photos at once.
_WAITING = 64
# How long a request waits for its picture before it is answered with a 503.
WAIT_S = 30.0


@dataclass(eq=False, slots=True)
class _Drawing:
    """A picture under way and how many requests wait for it."""

    task: asyncio.Task[Any]
    waiting: int = 0
    started: bool = False


class PictureRenderer:
    """Draws pictures for the requests of one event loop."""

    def __init__(
        self,
        *,
        photo_pixels: int,
        output_bytes: int,
        waiting: int = _WAITING,
        wait_s: float = WAIT_S,
    ) -> None:
        """Make a renderer; its children start with the first picture.

        Args:
            photo_pixels: of the largest photo.
            output_bytes: most bytes of one picture as it is made.
            waiting: most pictures of one tenant that wait.
            wait_s: longest wait for a picture, unless a caller says otherwise.
        """
        self.children = ChildPool(CHILDREN, output_bytes=output_bytes)
        self._turns = FairTurns(
            places=CHILDREN, pixels=photo_pixels + _SPARE_PIXELS, waiting=waiting
        )
        # Threads of its own: those of the endpoints serve everybody else meanwhile.
        self._threads = ThreadPoolExecutor(CHILDREN, thread_name_prefix="draw")
        self._wait_s = wait_s
        self._under_way: dict[Hashable, _Drawing] = {}

    async def draw(
        self,
        key: Hashable,
        make: Callable[[], Picture],
        *,
        tenant: str,
        pixels: int,
        wait_s: float | None = None,
    ) -> Picture:
        """Return what ``make`` returns in a thread once it is this picture's turn.

        Args:
            key: names the picture: who asks for it while it is made gets the same one.
            make: fetches the photo and has a child draw.
            tenant: whose turn it takes.
            pixels: of the photo.
            wait_s: longest wait; who names one is never refused for the length of the queue.

        Raises:
            ApiError: PHOTO_FAILED, the photo cannot be drawn; OVERLOADED, too many pictures wait,
                this one took too long, or no child can be had.
        """
        drawing = self._under_way.get(key)
        if drawing is None:
            drawing = self._begin(
                key, make, tenant=tenant, pixels=pixels, patient=wait_s is not None
            )
        drawing.waiting += 1
        try:
            # Shielded: the picture is for the others too when this request gives up.
            async with asyncio.timeout(self._wait_s if wait_s is None else wait_s):
                picture: Picture = await asyncio.shield(drawing.task)
                return picture
        except (TimeoutError, FullError):
            raise _overloaded("Many pictures are being drawn; try again shortly.") from None
        except NoDecoderError as error:
            raise _overloaded(error.detail) from error
        except ItemError as error:
            raise ApiError(ProblemCode.PHOTO_FAILED, f"{error.code}: {error.detail}") from error
        finally:
            drawing.waiting -= 1
            # What has begun ends, and is kept for who asks again.
            if not drawing.waiting and not drawing.started and not drawing.task.done():
                del self._under_way[key]
                drawing.task.cancel()

    def close(self) -> None:
        """End the children and the threads."""
        self.children.close()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _begin(
        self,
        key: Hashable,
        make: Callable[[], Picture],
        *,
        tenant: str,
        pixels: int,
        patient: bool,
    ) -> _Drawing:
        async def made() -> Picture:
            async with self._turns.turn(tenant, pixels=pixels, patient=patient):
                drawing.started = True
                return await asyncio.get_running_loop().run_in_executor(self._threads, make)

        def over(task: asyncio.Task[Picture]) -> None:
            if self._under_way.get(key) is drawing:
                del self._under_way[key]
            if not task.cancelled():
                task.exception()  # taken, or asyncio says that nobody did

        drawing = _Drawing(asyncio.create_task(made()))
        drawing.task.add_done_callback(over)
        self._under_way[key] = drawing
        return drawing


def _overloaded(detail: str) -> ApiError:
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    return ApiError(ProblemCode.OVERLOADED, detail, headers=headers)

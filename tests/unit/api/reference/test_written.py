import asyncio
import threading

import pytest

from services.api.reference.written import Written


def test_is_made_once_for_all_who_wait() -> None:
    made, go_on = [], threading.Event()

    def write() -> str:
        made.append(1)
        assert go_on.wait(10)
        return "text"

    async def asked() -> list[str]:
        written = Written(write)
        gone, *waiting = (asyncio.create_task(written()) for _ in range(4))
        await asyncio.sleep(0)  # each has asked
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        go_on.set()
        return await asyncio.gather(*waiting, written())

    assert asyncio.run(asked()) == ["text"] * 4
    assert made == [1]

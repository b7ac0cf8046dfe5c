"""Data sets made of reviews, for async programs; see `hfer.datasets`."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from urllib.parse import quote

from hfer._codec import decode
from hfer._pages import entries
from hfer._retry import ONCE
from hfer._transport import Call, Transport, json_call
from hfer.dataset_models import Dataset
from hfer.errors import UnexpectedAnswerError

_PATH = "/v1/datasets"
_LOOK_EVERY_S = 1.0


class AsyncDatasets:
    """See `hfer.datasets.Datasets`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create(
        self,
        name: str,
        jobs: Sequence[str],
        *,
        held_out: float | None = None,
        least_of_each: int | None = None,
        consent: str | None = None,
        licence: str | None = None,
    ) -> Dataset:
        """Make the next version of a data set of the jobs' reviews; it is built afterwards."""
        asked = {
            "held_out": held_out,
            "least_of_each": least_of_each,
            "consent": consent,
            "licence": licence,
        }
        given = {key: value for key, value in asked.items() if value is not None}
        call = json_call("POST", _PATH, {"name": name, "jobs": list(jobs), **given})
        # Repeated after a lost answer it would make another version.
        return _dataset(await self._transport.send_json(call, retry=ONCE))

    async def wait(self, dataset_id: str) -> Dataset:
        """Look at a data set until it is ready, or could not be built."""
        while (found := await self.get(dataset_id)).state == "building":
            await self._transport.wire.sleep(_LOOK_EVERY_S)
        return found

    async def get(self, dataset_id: str) -> Dataset:
        """Return a version of a data set."""
        return _dataset(await self._transport.send_json(Call("GET", _path(dataset_id))))

    async def list(self, *, name: str | None = None) -> AsyncGenerator[Dataset, None]:
        """Iterate over the versions of all data sets or of one name, newest first."""
        query = {"name": name} if name else {}
        async with aclosing(entries(self._transport, _PATH, query=query)) as found:
            async for entry in found:
                yield decode(Dataset, entry)

    async def download(self, dataset_id: str) -> AsyncGenerator[bytes, None]:
        """Iterate over the archive of a version, a tar."""
        call = Call("GET", f"{_path(dataset_id)}/archive")
        async with aclosing(self._transport.stream(call)) as blocks:
            async for block in blocks:
                yield block

    async def delete(self, dataset_id: str) -> None:
        """Delete a version, and the faces that no other one has."""
        await self._transport.send(Call("DELETE", _path(dataset_id)))


def _path(dataset_id: str) -> str:
    return f"{_PATH}/{quote(dataset_id, safe='')}"


def _dataset(body: object) -> Dataset:
    found = decode(Dataset, body)
    if not found.id:
        raise UnexpectedAnswerError("The answer is no data set. Does the service know data sets?")
    return found

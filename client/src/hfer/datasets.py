"""Data sets made of reviews: faces with the votes of reviewers, to train and judge models by.

Making one needs a key with the scope ``review``, reading ``jobs:read``, deleting ``jobs:erase``.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from hfer._wire import iterate, run
from hfer.aio.datasets import AsyncDatasets
from hfer.dataset_models import Dataset


class Datasets:
    """The data sets of the tenant."""

    def __init__(self, core: AsyncDatasets) -> None:
        self._core = core

    def create(
        self,
        name: str,
        jobs: Sequence[str],
        *,
        held_out: float | None = None,
        least_of_each: int | None = None,
        consent: str | None = None,
        licence: str | None = None,
    ) -> Dataset:
        """Make the next version of a data set of the jobs' reviews; `wait` until it is ready.

        Args:
            name: of all its versions: small letters, digits and dashes.
            jobs: ids of the jobs whose reviewed faces it takes.
            held_out: share of the photos with faces drawn at random and reviewed blind that models
                are judged by, above 0 up to 1; the service's default when None.
            least_of_each: so many faces of each expression are wanted to train on; likewise.
            consent: what the people in the photos agreed to, for the card.
            licence: its terms, for the card.

        Raises:
            ConflictError: too few faces are reviewed (dataset-too-small); the sentence says of
                what, and what to do.
            NotFoundError: there is no such job.
            GoneError: a job is erased.
        """
        return run(
            self._core.create(
                name,
                jobs,
                held_out=held_out,
                least_of_each=least_of_each,
                consent=consent,
                licence=licence,
            )
        )

    def wait(self, dataset_id: str) -> Dataset:
        """Look at a data set until it is ready, or could not be built: its ``state`` tells."""
        return run(self._core.wait(dataset_id))

    def get(self, dataset_id: str) -> Dataset:
        """Return a version of a data set."""
        return run(self._core.get(dataset_id))

    def list(self, *, name: str | None = None) -> Iterator[Dataset]:
        """Iterate over the versions of all data sets or of one name, newest first."""
        yield from iterate(self._core.list(name=name))

    def download(self, dataset_id: str, path: str | os.PathLike[str]) -> Path:
        """Write the archive of a version to a file, a tar; the file is whole or not there.

        Whoever has it has to erase from it what the service erases.

        Raises:
            ConflictError: it is not ready.
            PermissionDeniedError: the key sees blurred faces only.
        """
        target = Path(path)
        draft = target.with_name(f".{target.name}.part")
        try:
            with draft.open("wb") as file:
                file.writelines(iterate(self._core.download(dataset_id)))
            return draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)

    def delete(self, dataset_id: str) -> None:
        """Delete a version, and the faces that no other one has."""
        run(self._core.delete(dataset_id))

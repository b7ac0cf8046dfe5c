"""What a data set of the service says of itself, in the ``dataset.json`` of its archive."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from services.trainer.data.known import DataFacts
from services.trainer.data.layouts import Sample
from services.trainer.errors import DataLayoutError

DESCRIPTION_NAME = "dataset.json"
FORMAT, FORMAT_VERSION = "hfer-dataset", 1
_UNKNOWN_TERMS = "faces of people, for the uses that they agreed to: set data.licence"


@dataclass(frozen=True, slots=True)
class Description:
    """A version of a data set of the service.

    Attributes:
        id: by which the service knows it, ``dst_…``.
        name: of all its versions.
        version: counts them from 1.
        erased: faces that had been taken out when it was downloaded.
        licence: its terms, in words of who made it; None: not said.
        consent: likewise, what the people in it agreed to.
        sha256: of each face's file, by its path.
    """

    id: str
    name: str
    version: int
    erased: int
    licence: str | None
    consent: str | None
    sha256: dict[str, str]

    @property
    def facts(self) -> DataFacts:
        """Return it as reports and model cards name it."""
        return DataFacts(
            name=f"{self.name}, version {self.version} ({self.id})",
            licence=self.licence or _UNKNOWN_TERMS,
        )

    @property
    def reference(self) -> dict[str, Any]:
        """Return what a model keeps, so that its service can tell what became of the data."""
        kept = asdict(self)
        hashes = kept.pop("sha256")
        return {**kept, "faces": len(hashes)}

    def check(self, samples: Sequence[Sample], hashes: Sequence[str]) -> None:
        """Refuse files that are not those of the data set.

        Raises:
            DataLayoutError: one was changed or added; the text names it.
        """
        for sample, digest in zip(samples, hashes, strict=True):
            if self.sha256.get(sample.path) != digest:
                raise DataLayoutError(
                    f"{sample.path} is not the file that {DESCRIPTION_NAME} names; download the "
                    f"data set again, or remove {DESCRIPTION_NAME} to train on your own."
                )


def read_description(base: Path) -> Description | None:
    """Read the description that lies in a data set's folder; None where there is none.

    Raises:
        DataLayoutError: it is damaged, or of a version that this trainer does not know.
    """
    path = base / DESCRIPTION_NAME
    if not path.is_file():
        return None
    try:
        told = json.loads(path.read_bytes())
        if (told["format"], told["format_version"]) != (FORMAT, FORMAT_VERSION):
            raise DataLayoutError(
                f"{DESCRIPTION_NAME} is of another version ({told['format_version']}); use the "
                "trainer of the service that made it."
            )
        return Description(
            id=str(told["id"]),
            name=str(told["name"]),
            version=int(told["version"]),
            erased=int(told["erased"]),
            licence=told["licence"],
            consent=told["consent"],
            sha256={str(face["file"]): str(face["sha256"]) for face in told["faces"]},
        )
    except (ValueError, KeyError, TypeError) as error:
        raise DataLayoutError(
            f"{DESCRIPTION_NAME} is damaged; download the data set again."
        ) from error

"""Docker's amounts and layers are read as bytes."""

import json

import pytest

from scripts.compose_check.measures import amount, own_bytes


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0B", 0), ("1.5kB", 1500), ("95.5MiB / 5GiB", 95.5 * 2**20), ("1.25GB", 1.25e9)],
)
def test_reads_amounts(text: str, expected: float) -> None:
    assert amount(text) == expected


def test_an_amount_in_no_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="12 apples"):
        amount("12 apples")


def layers(*pairs: tuple[str, str]) -> str:
    return "\n".join(json.dumps({"CreatedBy": by, "Size": size}) for by, size in pairs)


def test_counts_the_layers_above_the_base() -> None:
    history = layers(
        ("COPY /venv /venv # buildkit", "200MB"),
        ("RUN apt-get install tini", "5MB"),
        ("ARG REVISION=unknown", "0B"),
        ("the base", "130MB"),
    )
    assert own_bytes(history) == 205e6


def test_an_image_of_somebody_else_is_refused() -> None:
    with pytest.raises(ValueError, match="layer is missing"):
        own_bytes(layers(("the base", "130MB")))

"""Jobs drawn: what is counted, per folder, over time."""

import sys
from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hfer import Client, MissingPackageError
from hfer._plots import FOLDERS
from tests.fixtures.fake_service import JOB, FakeService, face_json, photo_json

# A photo of an index that was given already is passed over.
NUMBERS = count(10)


@pytest.fixture
def axes() -> Axes:
    drawn = Figure().subplots()
    assert isinstance(drawn, Axes)
    return drawn


def photos(*names: str, label: str = "happiness", **more: Any) -> Sequence[dict[str, Any]]:
    return [
        photo_json(next(NUMBERS), name, faces=[face_json(label=label)], **more) for name in names
    ]


def heights(axes: Axes) -> float:
    return float(sum(patch.get_height() for patch in axes.patches))  # type: ignore[attr-defined] # bars


def test_the_distribution_counts_every_face_once(
    client: Client, service: FakeService, axes: Axes
) -> None:
    unsure = photo_json(9, "c.jpg", faces=[face_json(label="contempt", p=0.4)])
    service.results = [*photos("a.jpg", "b.jpg"), unsure, photo_json(7, "d.jpg", status="no_face")]
    assert client.jobs.attach(JOB).plot(ax=axes) is axes
    assert heights(axes) == 3
    assert "3 faces" in axes.get_title()
    assert [tick.get_text() for tick in axes.get_xticklabels()][-1] == "neutral"


def test_folders_add_up_to_one_each(client: Client, service: FakeService, axes: Axes) -> None:
    service.results = [
        *photos("2026/a/1.jpg", "2026/a/2.jpg", "$x$/1.jpg"),
        *photos("2026/a/3.jpg", label="fear"),
    ]
    client.jobs.attach(JOB).plot("folders", ax=axes)
    labels = [tick.get_text() for tick in axes.get_yticklabels()]
    assert labels == [r"\$x\$ (1)", "2026/a (3)"]
    assert sum(patch.get_width() for patch in axes.patches) == pytest.approx(2)  # type: ignore[attr-defined] # bars


def test_very_many_folders_become_one(client: Client, service: FakeService, axes: Axes) -> None:
    service.results = photos(*(f"{number:02d}/{n}.jpg" for number in range(25) for n in "ab"))
    client.jobs.attach(JOB).plot("folders", ax=axes)
    labels = [tick.get_text() for tick in axes.get_yticklabels()]
    assert len(labels) == FOLDERS + 1
    assert labels[-1] == "other folders (10)"


def test_time_is_the_cameras_and_what_has_none_is_told(
    client: Client, service: FakeService, axes: Axes
) -> None:
    service.results = [
        *photos("a.jpg", captured_at="2026-07-19T14:03:27+02:00"),
        *photos("b.jpg", captured_at="2026-07-20T14:03:27"),
        *photos("c.jpg", captured_at=None),
    ]
    client.jobs.attach(JOB).plot("time", ax=axes)
    assert heights(axes) == 2
    assert "1 faces without a time" in axes.get_title()


@pytest.mark.parametrize("kind", ["distribution", "folders", "time"])
def test_a_job_without_faces_is_an_empty_picture(
    client: Client, service: FakeService, axes: Axes, kind: str
) -> None:
    service.results = [photo_json(0, "a.jpg", status="no_face")]
    client.jobs.attach(JOB).plot(kind, ax=axes)
    assert heights(axes) == 0


def test_another_kind_is_none(client: Client) -> None:
    with pytest.raises(ValueError, match="pie"):
        client.jobs.attach(JOB).plot("pie")


def test_says_what_to_install(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(MissingPackageError, match=r"hfer\[plot\]"):
        client.jobs.attach(JOB).plot()
    assert "matplotlib.pyplot" not in sys.modules

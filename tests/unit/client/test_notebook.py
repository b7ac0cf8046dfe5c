"""A job in a notebook: chained calls, a bar, and what a cell shows."""

import copy
import dataclasses
import pickle
import sys
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

from hfer import Client, FinishedJob, Job, JobState, PhotoResult
from hfer._codec import decode
from hfer._notebook import NotebookBar, in_notebook
from tests.fixtures.fake_service import JOB, FakeService, face_json, job_json, photo_json

EVIL = '<img src=x onerror=alert(1)>"&\u202e.jpg'


class Shown:
    """IPython as far as a bar goes: what a cell shows, and how it changed."""

    def __init__(self) -> None:
        self.drawn: list[dict[str, str]] = []

    def display(self, data: dict[str, str], *, raw: bool, display_id: bool) -> "Shown":
        assert raw
        assert display_id
        self.drawn.append(data)
        return self

    def update(self, data: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.drawn.append(data)


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """A cell of a notebook."""
    shown = Shown()
    shell = SimpleNamespace(kernel=object())
    display = SimpleNamespace(display=shown.display)
    ipython = SimpleNamespace(get_ipython=lambda: shell, display=display)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return shown


class TestChain:
    def test_what_wait_returns_is_the_state_and_the_job(self, client: Client) -> None:
        finished = client.submit(("a.jpg", b"pixels")).wait()
        assert isinstance(finished, JobState)
        assert isinstance(finished, Job)
        assert (finished.id, finished.status, finished.counts.succeeded) == (JOB, "succeeded", 1)
        assert [photo.filename for photo in finished.results()] == ["a.jpg"]
        assert len(finished.to_pandas()) == 1

    def test_it_is_still_the_state_to_whoever_took_it_for_one(self, client: Client) -> None:
        job = client.jobs.attach(JOB)
        finished = job.wait()
        state = job.state
        assert type(state) is JobState
        assert finished == state
        assert state == finished
        assert dataclasses.asdict(finished) == dataclasses.asdict(state)
        assert finished.state is state
        for copied in (pickle.loads(pickle.dumps(finished)), copy.copy(finished)):  # noqa: S301 - ours
            assert (type(copied), copied) == (JobState, state)

    def test_another_end_is_not_equal(self, client: Client) -> None:
        finished = client.jobs.attach(JOB).wait()
        assert finished != dataclasses.replace(client.jobs.attach(JOB).state, status="failed")
        assert finished != "job"


class TestBar:
    def test_a_terminal_is_no_notebook(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert not in_notebook()
        terminal = SimpleNamespace(get_ipython=SimpleNamespace)
        monkeypatch.setitem(sys.modules, "IPython", terminal)
        assert not in_notebook()

    def test_wait_draws_one_in_place_up_to_the_end(
        self, client: Client, service: FakeService, cell: Shown
    ) -> None:
        service.polls = [
            job_json("running", running=1, succeeded=1),
            job_json("succeeded", succeeded=1, failed=1),
        ]
        client.jobs.attach(JOB).wait()
        assert [drawn["text/plain"] for drawn in cell.drawn] == [
            "analysing 50% 1 of 2 photos",
            "analysing 100% 2 of 2 photos, 1 failed, succeeded",
        ]
        assert '<progress value="0.5000" max="1">' in cell.drawn[0]["text/html"]

    def test_an_own_progress_takes_its_place(self, client: Client, cell: Shown) -> None:
        seen: list[JobState] = []
        client.jobs.attach(JOB).wait(on_progress=seen.append)
        assert seen
        assert cell.drawn == []

    def test_a_short_upload_has_none(self, client: Client, cell: Shown) -> None:
        client.submit(("a.jpg", b"pixels"))
        assert cell.drawn == []

    def test_words_are_escaped(self, cell: Shown) -> None:
        NotebookBar("<b>").show(0.5, "<i>")
        assert "<b>" not in cell.drawn[0]["text/html"]
        assert "<i>" not in cell.drawn[0]["text/html"]


class Elements(HTMLParser):
    """Collects elements and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def shown(thing: JobState | Job | PhotoResult) -> str:
    drawn = thing._repr_html_()
    elements = Elements()
    elements.feed(drawn)
    assert elements.tags <= {
        *("table", "tr", "th", "td", "b", "br", "progress", "svg", "rect", "text")
    }
    assert not elements.attributes & {"src", "href", "onerror", "onload", "xlink:href"}
    return drawn


class TestHtml:
    def test_a_job_shows_how_far_it_is_and_not_its_settings(self) -> None:
        body = job_json("running", running=1, succeeded=1) | {
            "client_ref": EVIL,
            "labels": {EVIL: EVIL},
            "config": {"detector": "hidden-setting"},
        }
        drawn = shown(decode(JobState, body))
        assert "2 (1 with faces, 1 running)" in drawn
        assert "\u202e" not in drawn
        assert "hidden-setting" not in drawn

    def test_a_handle_shows_what_was_seen_and_asks_nothing(
        self, client: Client, service: FakeService
    ) -> None:
        job = client.jobs.attach(JOB)
        assert JOB in shown(job)
        assert service.requests == []
        job.refresh()
        assert "queued" in shown(job)

    def test_what_wait_returned_shows_its_end(self, client: Client) -> None:
        finished = client.jobs.attach(JOB).wait()
        assert isinstance(finished, FinishedJob)
        assert "succeeded" in shown(finished)

    def test_a_photo_shows_its_faces(self) -> None:
        body = photo_json(0, EVIL, faces=[face_json(), face_json(1, label="<fear>", p=0.4)])
        drawn = shown(decode(PhotoResult, body))
        assert "happiness" in drawn
        assert "75%" in drawn
        assert 'viewBox="0 0 64 48"' in drawn

    def test_a_failed_photo_says_why_and_no_photo_tells_its_signed_url(self) -> None:
        body = photo_json(0, "a.jpg", status="failed", source_url="https://a.test/?sig=secret")
        drawn = shown(decode(PhotoResult, body))
        assert "truncated, Send it again." in drawn
        assert "secret" not in drawn

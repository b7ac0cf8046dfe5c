"""What all forms have in common: the file is whole or not there, and nothing dates it."""

import asyncio
import sys
from pathlib import Path

import httpx
import pytest

from hfer import (
    AsyncClient,
    Client,
    ConflictError,
    ExportError,
    ExportFormat,
    MissingPackageError,
)
from tests.fixtures.fake_service import JOB, KEY, URL, FakeService, problem
from tests.fixtures.told_job import as_json


@pytest.fixture(autouse=True)
def _results(service: FakeService) -> None:
    service.results = as_json()


@pytest.mark.parametrize("form", ExportFormat)
class TestExport:
    def test_the_same_job_gives_the_same_bytes(
        self, client: Client, tmp_path: Path, form: ExportFormat
    ) -> None:
        job = client.jobs.attach(JOB)
        for name in ("a", "b"):
            job.export(tmp_path / name, form)
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
        assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]

    def test_asyncio_writes_the_same(
        self, client: Client, service: FakeService, tmp_path: Path, form: ExportFormat
    ) -> None:
        async def write() -> None:
            transport = httpx.MockTransport(service)
            async with AsyncClient(URL, KEY, http_transport=transport) as asynchronous:
                await asynchronous.jobs.attach(JOB).export(tmp_path / "a", form.value)

        asyncio.run(write())
        client.jobs.attach(JOB).export(tmp_path / "b", form)
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()

    def test_a_refusal_leaves_what_was_there(
        self, client: Client, service: FakeService, tmp_path: Path, form: ExportFormat
    ) -> None:
        (tmp_path / "a").write_text("of before")
        job = client.jobs.get(JOB)
        service.upsets.extend([httpx.Response(304), problem(409, "job-not-finished")])
        with pytest.raises(ConflictError):
            job.export(tmp_path / "a", form)
        assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [
            ("a", "of before")
        ]

    def test_partial_results_are_asked_for_by_name(
        self, client: Client, service: FakeService, tmp_path: Path, form: ExportFormat
    ) -> None:
        client.jobs.attach(JOB).export(tmp_path / "a", form, partial=True)
        assert service.requests[-1].url.params["partial"] == "true"

    def test_a_folder_is_no_file(self, client: Client, tmp_path: Path, form: ExportFormat) -> None:
        with pytest.raises(ExportError, match="is a folder"):
            client.jobs.attach(JOB).export(tmp_path, form)

    def test_a_folder_that_is_missing_is_told_before_results_are_asked_for(
        self, client: Client, service: FakeService, tmp_path: Path, form: ExportFormat
    ) -> None:
        with pytest.raises(FileNotFoundError):
            client.jobs.attach(JOB).export(tmp_path / "missing" / "a", form)
        assert service.sent("GET", f"/v1/jobs/{JOB}/results") == []


@pytest.fixture(params=[("parquet", "pyarrow"), ("xlsx", "xlsxwriter")], ids=["parquet", "xlsx"])
def without(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A form whose package is not installed."""
    form, package = request.param
    monkeypatch.setitem(sys.modules, package, None)
    return str(form)


def test_says_how_to_get_a_package_before_anything_is_asked(
    client: Client, service: FakeService, tmp_path: Path, without: str
) -> None:
    with pytest.raises(MissingPackageError, match=r"pip install 'hfer\[tables\]'"):
        client.jobs.attach(JOB).export(tmp_path / "a", without)
    assert service.requests == []
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_form_is_no_form(client: Client, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'feather' is not a valid ExportFormat"):
        client.jobs.attach(JOB).export(tmp_path / "a", "feather")

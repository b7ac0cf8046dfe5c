"""Photos by URL: what the service is told, and what is refused before anything is sent."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from hfer import (
    Client,
    MixedSourcesError,
    RetryPolicy,
    S3ListError,
    ServiceUnreachableError,
    SettingsError,
    TooManyPhotosError,
)
from hfer._links import is_url
from hfer._s3 import connect
from tests.fixtures.fake_service import JOB, KEY, URL, FakeService

FIRST, SECOND = "https://photos.example/a.jpg", "https://photos.example/b.jpg"


class TestSubmit:
    def test_the_service_is_told_the_urls_and_a_name_for_each(
        self, client: Client, service: FakeService
    ) -> None:
        job = client.submit(f"{FIRST}?token=secret#top", SECOND, top_n=2)
        assert job.id == JOB
        (request,) = service.sent("POST")
        assert request.headers["Idempotency-Key"]
        assert json.loads(request.content) == {
            "inputs": [
                {"url": f"{FIRST}?token=secret#top", "client_ref": FIRST},
                {"url": SECOND, "client_ref": SECOND},
            ],
            "config": {"top_n": 2},
        }

    def test_a_name_too_long_for_a_reference_is_left_out(
        self, client: Client, service: FakeService
    ) -> None:
        url = f"{FIRST}/{'x' * 255}"
        client.submit(url)
        (given,) = json.loads(service.sent("POST")[0].content)["inputs"]
        assert given == {"url": url}

    def test_run_again_after_no_answer_it_asks_for_the_same_job(
        self, service: FakeService, tmp_path: Path
    ) -> None:
        transport = service.transport
        once = RetryPolicy(attempts=1)
        with Client(URL, KEY, http_transport=transport, retry=once) as client:
            for urls in ([FIRST], [FIRST, SECOND], [FIRST]):
                limits = httpx.Response(200, json={})
                service.upsets.extend([limits, httpx.ReadError("killed")])
                with pytest.raises(ServiceUnreachableError):
                    client.submit(*urls, resume=tmp_path)
        first, other, again = (r.headers["Idempotency-Key"] for r in service.sent("POST"))
        assert first == again != other

    @pytest.mark.parametrize("most", [1, 2])
    def test_no_more_than_one_request_takes(
        self, client: Client, service: FakeService, most: int
    ) -> None:
        service.limits = {"request_urls": most}
        urls = [f"{FIRST}?{number}" for number in range(most + 1)]
        with pytest.raises(TooManyPhotosError, match=f"takes {most} photos by URL.*split -l"):
            client.submit(*urls)
        assert service.sent("POST") == []
        client.submit(*urls[:most])

    def test_files_and_urls_are_two_jobs(
        self, client: Client, service: FakeService, make_photo: Callable[..., Path]
    ) -> None:
        with pytest.raises(MixedSourcesError, match="two jobs") as caught:
            client.submit(make_photo(), f"{FIRST}?token=secret")
        assert "secret" not in str(caught.value)
        assert service.requests == []

    def test_a_path_is_never_a_url(self) -> None:
        assert [is_url(source) for source in (FIRST, "HTTP://x/", "s3://b", "http.jpg")] == [
            True,
            True,
            True,
            False,
        ]
        assert not is_url(Path("s3:/b"))


class TestS3:
    def test_without_credentials_it_says_which_variables(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
        with pytest.raises(SettingsError, match=r"set AWS_SECRET_ACCESS_KEY\."):
            client.submit("s3://mine/photos")

    @pytest.mark.parametrize(
        "name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]
    )
    def test_credentials_that_no_header_can_carry_are_not_shown(self, name: str) -> None:
        environment = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", name: "mine\nmine"}
        with pytest.raises(SettingsError, match=name) as raised:
            connect(environment)
        assert "mine" not in str(raised.value)

    @pytest.mark.parametrize("endpoint", ["minio:9000", "ftp://minio", "http://minio/bucket"])
    def test_an_endpoint_that_is_no_server(self, endpoint: str) -> None:
        environment = {
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
            "AWS_ENDPOINT_URL": endpoint,
        }
        with pytest.raises(SettingsError, match="AWS_ENDPOINT_URL_S3"):
            connect(environment)

    def test_an_address_without_a_bucket(self, client: Client) -> None:
        with pytest.raises(S3ListError, match="s3://bucket/folder"):
            client.submit("s3:///photos")

    @pytest.mark.parametrize("seconds", [0, 604_801])
    def test_an_expiry_that_s3_does_not_allow(self, client: Client, seconds: int) -> None:
        with pytest.raises(SettingsError, match="604,800"):
            client.submit("s3://mine/photos", s3_expiry_s=seconds)

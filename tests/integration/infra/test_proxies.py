"""A photo, a page and an API behind each proxy of infra/proxy, as somebody outside reaches them."""

import hashlib
import io
import json
from contextlib import closing
from pathlib import Path

import pytest

from services.common.db.session import unit_of_work
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import ItemStatus
from services.common.keys.service import Scope
from services.common.storage import ObjectStorage
from tests.fixtures.jobs import SeededJob, seed_job
from tests.fixtures.photos import encode, noise
from tests.fixtures.serving import files
from tests.fixtures.through_proxies import PASSWORD, Proxied

READ_WRITE = (Scope.JOBS_READ, Scope.JOBS_WRITE)
# What a visitor might claim; no proxy of ours passes it on.
CLAIMS = {
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-For": "192.0.2.1",
}
each = pytest.mark.parametrize("proxied", ["nginx", "caddy"], indirect=True)


@pytest.fixture
def seeded(proxied: Proxied, storage: ObjectStorage) -> SeededJob:
    """A finished job of one photo with a face."""
    data = encode(noise(900, 600))
    with unit_of_work(proxied.api.sessions) as session:
        made = seed_job(session, [ItemStatus.SUCCEEDED], photo=data, size=(900, 600))
    item = made.items[0]
    storage.put(item.object_key, io.BytesIO(data), size=len(data), content_type="x/y")
    return made


@each
def test_an_api(proxied: Proxied) -> None:
    base, client = proxied.api_url, proxied.client(*READ_WRITE, **CLAIMS)
    # More than nginx lets into memory, and than it lets in at all by default.
    photos = files(bytes(1_500_000), bytes(1_500_000))
    made = client.post(f"{base}/v1/jobs", files=photos)
    assert made.status_code == 202, made.text
    job = made.json()
    assert made.headers["Location"] == job["links"]["self"] == f"{base}/v1/jobs/{job['id']}"
    assert client.get(made.headers["Location"]).json()["counts"]["total"] == 2
    head = client.head(made.headers["Location"])
    assert (head.status_code, head.content) == (200, b"")
    redirect = client.get(f"{base}/v1/limits/")
    assert redirect.headers["Location"] == f"{base}/v1/limits"
    problem = client.get(f"{base}/v1/jobs/none").json()
    assert problem["type"] == f"{base}/problems/not-found"
    assert client.get(problem["type"]).json()["code"] == "not-found"


@each
def test_the_client_and_what_its_doctor_says(
    proxied: Proxied, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(encode(noise(64, 64)))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with proxied.hfer(*READ_WRITE) as client:
        job = client.submit(photo)
        assert client.jobs.get(job.id).state.counts.total == 1
        told = {finding.check: (finding.verdict, finding.detail) for finding in client.examine()}
    assert told["api"] == ("ok", f"{proxied.api_url} answers")
    assert told["readiness"][0] == "skipped"
    assert told["key"][0] == "ok"
    # By presigned URL, as the photos of a large job go.
    assert told["presigned upload"] == ("ok", f"s3.example.org:{proxied.ports.tls} takes photos")


@each
def test_what_stays_inside_and_what_is_too_large(proxied: Proxied) -> None:
    base, client = proxied.api_url, proxied.client(*READ_WRITE)
    for path in ("/metrics", "//metrics", "/%6detrics", "/readyz", "/readyz/"):
        assert client.get(base + path).status_code == 404, path
    assert client.get(f"{base}/healthz").status_code == 200
    large = client.get(f"{base}/healthz", headers={"X-Large": "x" * 64_000})
    assert large.status_code in {400, 431}
    plain = client.get(f"http://example.org:{proxied.ports.plain}/hfer/")
    assert plain.status_code in {301, 308}
    assert plain.headers["Location"].startswith("https://example.org")
    listing = client.get(f"https://s3.example.org:{proxied.ports.tls}/")
    assert listing.status_code == 403


# Caddy holds an early answer back until the body has come.
@pytest.mark.parametrize("proxied", ["nginx"], indirect=True)
def test_the_api_itself_says_what_is_too_large(proxied: Proxied) -> None:
    key = proxied.api.client(*READ_WRITE).headers["Authorization"]
    with closing(proxied.connection()) as connection:
        connection.putrequest("POST", "/hfer/api/v1/jobs", skip_host=True)
        for name, value in (
            ("Host", f"example.org:{proxied.ports.tls}"),
            ("Authorization", key),
            ("Content-Type", "multipart/form-data; boundary=b"),
            ("Content-Length", "1050000000"),
        ):
            connection.putheader(name, value)
        connection.endheaders(b"--b\r\n")
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["limit"]) == (413, 1_000_000_000)


@each
def test_events_are_not_collected(proxied: Proxied) -> None:
    base, client = proxied.api_url, proxied.client(*READ_WRITE)
    job = client.post(f"{base}/v1/jobs", files=files(b"photo")).json()
    with client.stream("GET", job["links"]["events"]) as response:  # of a job that nobody ends
        assert next(line for line in response.iter_lines() if line.startswith("event:"))


@each
def test_a_photo_at_its_presigned_url(proxied: Proxied) -> None:
    client, photo = proxied.client(*READ_WRITE), encode(noise(64, 64))
    file = {"filename": "a.png", "size": len(photo), "sha256": hashlib.sha256(photo).hexdigest()}
    upload = client.post(f"{proxied.api_url}/v1/uploads", json={"files": [file]}).json()
    url = upload["data"][0]["url"]
    assert url.startswith(f"https://s3.example.org:{proxied.ports.tls}/")
    assert proxied.browser().put(url, content=photo).status_code == 200
    sealed = client.post(f"{proxied.api_url}/v1/jobs", json={"upload_id": upload["id"]})
    assert sealed.status_code == 202, sealed.text


@each
def test_a_page_with_a_photo(proxied: Proxied, seeded: SeededJob) -> None:
    host = proxied.page_url.removesuffix("/hfer")
    visitor = proxied.browser(Accept="text/html", Origin=host)
    job = format_id(IdKind.JOB, seeded.job.public_id)
    asked = visitor.get(f"{proxied.page_url}/jobs/{job}")
    assert asked.headers["Location"] == f"/hfer/login?next=%2Fjobs%2F{job}"
    form = {"password": PASSWORD, "next": f"/jobs/{job}"}
    entered = visitor.post(f"{proxied.page_url}/login", data=form)
    assert entered.headers["Location"] == f"/hfer/jobs/{job}"
    page = visitor.get(host + entered.headers["Location"]).text
    item = format_id(IdKind.ITEM, seeded.items[0].public_id)
    photo = f"/hfer/jobs/{job}/photos/{item}/medium.jpg"
    assert f'src="{photo}"' in page
    assert visitor.get(host + photo).headers["content-type"] == "image/jpeg"
    style = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert visitor.get(host + style).headers["content-type"].startswith("text/css")
    sent = visitor.post(f"{proxied.page_url}/jobs", files=files(b"photo"))
    assert sent.headers["Location"].startswith("/hfer/jobs/job_")


@pytest.mark.parametrize("proxied", ["nginx"], indirect=True)
def test_who_guesses_passwords_has_to_wait(proxied: Proxied) -> None:
    visitor = proxied.browser(Origin=proxied.page_url.removesuffix("/hfer"))
    asked = (visitor.get(f"{proxied.page_url}/login").status_code for _ in range(60))
    assert 429 in asked

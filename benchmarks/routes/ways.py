"""The ways from a folder to a job; each returns the job's id."""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from playwright.sync_api import Page

from hfer import AsyncClient, Client, Job

CLIENT = Path(__file__).parents[2] / "client" / "src"
_COMMAND_S = 900


def by_command(source: Path, *, url: str, key: str) -> str:
    """Send a folder or an archive by ``hfer submit``."""
    environment = {**os.environ, "PYTHONPATH": str(CLIENT), "HFER_URL": url, "HFER_API_KEY": key}
    done = subprocess.run(
        [sys.executable, "-m", "hfer", "submit", source, "--fresh", "--strict", "--quiet"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=_COMMAND_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"hfer submit {source} exited with {done.returncode}: {done.stderr}")
    return done.stdout.strip()


def by_client(source: Path, *, url: str, key: str) -> str:
    """Send by the blocking client."""
    with Client(url, key) as client:
        return client.submit(source, strict=True).id


def by_asyncio(source: Path, *, url: str, key: str) -> str:
    """Send by the client for asyncio."""

    async def send() -> str:
        async with AsyncClient(url, key) as client:
            return (await client.submit(source, strict=True)).id

    # In a thread of its own: Playwright's loop runs in this one.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, send()).result()


def by_page(page: Page, folder: Path) -> str:
    """Send by the page's *Choose folder*; the page is open at its start."""
    page.set_input_files("#folder", folder)
    page.locator("#send:not([disabled])").wait_for()
    page.click("#send")
    page.wait_for_url("**/jobs/job_*")
    return page.url.rpartition("/")[2]


def table(job: Job) -> list[tuple[object, ...]]:
    """Return a row per photo: all of it that depends on the photo alone."""
    return [
        (
            photo.index,
            photo.filename,
            photo.content_sha256,
            photo.status,
            photo.error.code if photo.error else None,
            photo.image and (photo.image.width, photo.image.height),
            len(photo.faces),
        )
        for photo in job.results()
    ]


def taken_in(job: Job) -> list[tuple[object, ...]]:
    """Return a row per photo as it was taken in, analysed or not."""
    return [(photo.index, photo.filename, photo.content_sha256) for photo in job.items()]


def digest(rows: list[tuple[object, ...]]) -> str:
    """Return the SHA-256 of a table."""
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()

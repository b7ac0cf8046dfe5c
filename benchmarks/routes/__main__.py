"""One album by six ways, and the hash of each table: ``python -m benchmarks.routes``.

Starts the whole service on local servers, sends the same 5,000 mixed files in 60 folders by the
command line, both clients, a tar, a zip and the page, and prints a row for each. Ends with 1
unless all tables are the same. The page needs Chromium.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.routes.album import pack_tar, pack_zip, write_album
from benchmarks.routes.ways import (
    by_asyncio,
    by_client,
    by_command,
    by_page,
    digest,
    table,
    taken_in,
)
from hfer import Client
from infra.local.console import Console
from infra.local.stack import LocalStack, local_stack

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_TIMEOUT_MS = 900_000


def _page_way(stack: LocalStack, folder: Path) -> str:
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(_TIMEOUT_MS)
        page.goto(stack.web_url)
        return by_page(page, folder)


def main() -> int:
    """Measure and print; the exit status says whether all tables are the same."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--photos", type=int, default=5_000)
    parser.add_argument("--folders", type=int, default=60)
    parser.add_argument(
        "--taken-in",
        action="store_true",
        help="compare what was taken in, its order, names and hashes, and cancel the jobs",
    )
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as name,
        local_stack(Path(name, "stack"), console=Console(verbose=False)) as stack,
    ):
        stack.start_servers()
        stack.start_apps()
        stack.start_web()
        album = write_album(Path(name, "album"), photos=arguments.photos, folders=arguments.folders)
        tar = pack_tar(album, Path(name, "album.tar"))
        packed = pack_zip(album, Path(name, "album.zip"))
        reached = {"url": stack.url, "key": stack.tenant_key()}
        ways: dict[str, Callable[[], str]] = {
            "hfer submit FOLDER": partial(by_command, album, **reached),
            "Client.submit": partial(by_client, album, **reached),
            "AsyncClient.submit": partial(by_asyncio, album, **reached),
            "hfer submit a.tar": partial(by_command, tar, **reached),
            "hfer submit a.zip": partial(by_command, packed, **reached),
            "page, Choose folder": partial(_page_way, stack, album),
        }
        seen = set()
        with Client(stack.url, reached["key"]) as client:
            for way, send in ways.items():
                began = time.monotonic()
                job = client.jobs.attach(send())
                sent_s = time.monotonic() - began
                if arguments.taken_in:
                    rows = taken_in(job)
                    job.cancel()
                else:
                    job.wait()
                    rows = table(job)
                seen.add(digest(rows))
                print(f"{way:22} {len(rows):6,} rows  sent in {sent_s:5.1f} s  {digest(rows)}")
    return 0 if len(seen) == 1 else 1


if __name__ == "__main__":
    sys.exit(main())

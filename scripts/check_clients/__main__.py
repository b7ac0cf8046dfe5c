"""Make, check and run generated clients: ``python -m scripts.check_clients``.

The service runs on loopback with the shipped model; the table says of each generator whether its
client was generated, type-checked and ran. The return code is 1 if anything that is done failed.
"""

import json
import shutil
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from infra.local.console import Console
from infra.local.paths import REPOSITORY
from infra.local.stack import LocalStack, local_stack
from scripts.check_clients.generators import DOCUMENT, Generator, generators
from scripts.check_clients.toolbox import Toolbox, ToolError

FOLDER = REPOSITORY / "build" / "check-clients"
PHOTOS = [REPOSITORY / "samples" / name for name in ("hopper.jpg", "collins.jpg")]
_YES, _NO, _NEVER = "yes", "NO", "-"


def main() -> int:
    """Print a table; 0 if it holds no "NO"."""
    tools = Toolbox(FOLDER)
    print("Installing generators ...", flush=True)
    tools.install()
    with _service() as stack:
        with urllib.request.urlopen(f"{stack.url}/openapi.json") as answer:  # noqa: S310 - our own
            (tools.work / DOCUMENT).write_bytes(answer.read())
        wanted = generators(tools)
        rows = [(one.name, *_row(one, tools, stack)) for one in wanted]
    rows.append(("spectral", _NEVER, _tried("spectral", partial(_lint, tools)), _NEVER))
    print(f"\n{'':26}{'generated':13}{'type-checked':15}ran")
    for name, *cells in rows:
        print(f"{name:26}{cells[0]:13}{cells[1]:15}{cells[2]}")
    return int(any(_NO in row for row in rows))


@contextmanager
def _service() -> Iterator[LocalStack]:
    folder = FOLDER / "stack"
    shutil.rmtree(folder, ignore_errors=True)
    with local_stack(folder, console=Console(verbose=False)) as stack:
        stack.start_servers()
        stack.start_apps()
        yield stack


def _row(one: Generator, tools: Toolbox, stack: LocalStack) -> list[str]:
    """Do each step as far as the one before succeeded."""
    steps: list[Callable[[], object] | None] = [
        partial(_generate, one, tools),
        partial(_check, one, tools) if one.check else None,
        partial(_run, one, tools, stack) if one.program else None,
    ]
    cells: list[str] = []
    for step in steps:
        cells.append(_NEVER if step is None or _NO in cells else _tried(one.name, step))
    return cells


def _tried(name: str, step: Callable[[], object]) -> str:
    try:
        step()
    except ToolError as error:
        print(f"\n{name}:\n{error}\n", file=sys.stderr, flush=True)
        return _NO
    return _YES


def _generate(one: Generator, tools: Toolbox) -> None:
    module = one.name.replace("-", "_")
    (tools.work / module).mkdir(exist_ok=True)
    if one.build:
        settings = {"extends": "./tsconfig.json", "files": [f"programs/{module}.ts"]}
        (tools.work / f"tsconfig.{module}.json").write_text(json.dumps(settings))
    tools.run(*one.generate)


def _check(one: Generator, tools: Toolbox) -> None:
    for words in one.check:
        tools.run(*words, **_of_python(tools))


def _run(one: Generator, tools: Toolbox, stack: LocalStack) -> None:
    """Run the program and look at what it says.

    Raises:
        ToolError: it failed, or found something else than there is.
    """
    if one.build:
        tools.run(*one.build)
    access = {"HFER_URL": stack.url, "HFER_API_KEY": stack.tenant_key(), "NO_PROXY": "127.0.0.1"}
    printed = tools.run(*one.program, *PHOTOS, **access, **_of_python(tools))
    found = json.loads(printed)
    print(f"{one.name}: {printed.strip()}", flush=True)
    finished = found["events"].count("item.finished")
    right = (
        found["status"] == "succeeded"
        and found["labels"] == {"from": "generated"}
        and found["filenames"] == [photo.name for photo in PHOTOS]
        and set(found["top"]) == {3}
        and finished == len(PHOTOS)
        and found["events"][-1] == "job.finished"
    )
    if not right:
        raise ToolError(f"it found something else: {printed}")


def _of_python(tools: Toolbox) -> dict[str, str]:
    """Say where the generated packages are."""
    folders = {"PYTHONPATH": f"{tools.work}:{tools.work / 'python'}"}
    return {**folders, "MYPYPATH": str(tools.work / "python")}


def _lint(tools: Toolbox) -> None:
    tools.run(*tools.package("spectral"), *("lint", DOCUMENT, "--fail-severity=warn"))


if __name__ == "__main__":
    sys.exit(main())

"""What a container's HEALTHCHECK runs: ``probe.py URL`` or ``probe.py FILE MAX_AGE_S``.

A URL is well when it answers 200; a file when its last touch is no older than ``MAX_AGE_S``
seconds. The exit code is 0 or 1. Standard library only: it runs every ten seconds in every
container, and a start that imported our packages would cost half a second of a core each time.
"""

import sys
import time
import urllib.request
from pathlib import Path

ANSWER_S = 4.0


def main(arguments: list[str]) -> int:
    """Probe once and print one line on what is wrong."""
    if len(arguments) not in (1, 2):
        print("usage: probe.py URL | probe.py FILE MAX_AGE_S", file=sys.stderr)
        return 2
    fault = http_fault(arguments[0]) if len(arguments) == 1 else age_fault(*arguments)
    if fault:
        print(fault, file=sys.stderr)
    return 1 if fault else 0


def http_fault(url: str) -> str | None:
    """Return why ``url`` is not well; None when it answers 200."""
    # An empty handler: a proxy of the environment would answer for the container itself.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=ANSWER_S) as response:
            status = int(response.status)
    except OSError as error:
        return f"{url}: {error}"
    return None if status == 200 else f"{url}: HTTP {status}"  # noqa: PLR2004 - HTTP's own number


def age_fault(path: str, max_age_s: str) -> str | None:
    """Return why the touched file is not well; None when it is young enough."""
    try:
        age_s = time.time() - Path(path).stat().st_mtime
    except OSError as error:
        return f"no sign of life yet: {error}"
    return None if age_s <= float(max_age_s) else f"{path}: last sign of life {age_s:.0f} s ago"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

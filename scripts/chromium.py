"""Where a Chromium of this machine is; `chromium.sh` says how to get one."""

import shutil

# As `chromium.sh` looks for it.
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """Return the path of the first that is installed."""
    return next(filter(None, map(shutil.which, NAMES)), None)

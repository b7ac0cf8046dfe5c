"""The page's part of the audit: a line of JSON on stderr for each login, done or refused.

Whoever logs in is no key of the API, so it is not in `GET /v1/audit`; what a visitor then does is,
as an act of the page's key. Of visitors without a login nothing is logged, their addresses least.
"""

import json
import sys
from datetime import UTC, datetime


def log_login(*, address: str, role: str | None = None, code: str | None = None) -> None:
    """Write who came in as what, or with which ``code`` it was refused; never a password."""
    line = {
        "event": "audit",
        "action": "page.login",
        "outcome": "done" if code is None else "refused",
        "code": code,
        "role": role,
        "address": address,
        "level": "info",
        "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "service": "web",
    }
    print(json.dumps(line), file=sys.stderr, flush=True)  # noqa: T201 - the page has no other log

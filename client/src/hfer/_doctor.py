"""What may keep a service from working for this client, looked at from here.

Every check says what it found and, where something is wrong, what to do. One that cannot be
made because an earlier one failed is skipped, not failed.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from urllib.parse import quote

import httpx

from hfer._codec import decode
from hfer._retry import ONCE
from hfer._transport import Call, Transport, json_call, parsed
from hfer._uploads import UPLOADS, Page
from hfer._version import __version__
from hfer.errors import ApiError, HferError
from hfer.registry_models import ModelInfo

# Buckets refuse signatures that are 15 minutes off; webhooks 5.
WORST_SKEW_S, SOME_SKEW_S = 300.0, 30.0
# One of each; jobs:write is what keys had before there was jobs:submit.
SUBMITTING = ("jobs:submit", "jobs:write")
NEEDED_SCOPES = (("jobs:read",), SUBMITTING)
SOON = timedelta(days=14)


class Verdict(StrEnum):
    """What a check came to."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was found, and what to do about it (mostly empty when nothing is wrong)."""

    check: str
    verdict: Verdict
    detail: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class _Part:
    ok: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Readiness:
    checks: dict[str, _Part] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Service:
    version: str = ""


@dataclass(frozen=True, slots=True)
class _Key:
    id: str = ""
    tenant: str = ""
    scopes: tuple[str, ...] = ()
    expires_at: datetime | None = None


_READINESS_ADVICE: Mapping[str, str] = {
    "database": "Start Postgres, or look at HFER_DATABASE__URL of the service.",
    "broker": "Start Redis, or look at HFER_BROKER__URL of the service.",
    "bucket": "Start the S3 service, or look at HFER_STORAGE__… of the service.",
    "worker": "Start a worker (`make run` does); its log says if its model is refused.",
}


async def examine(transport: Transport) -> list[Finding]:
    """Make all checks, in the order in which one depends on another."""
    try:
        response = await transport.send(Call("GET", "/version"), retry=ONCE)
        service = decode(_Service, parsed(response))
    except HferError as error:
        advice = "Look at the URL (--url, HFER_URL), at the network, and whether the API runs."
        return [Finding("api", Verdict.FAILED, str(error), advice)]
    return [
        Finding("api", Verdict.OK, f"{transport.base_url} answers"),
        judge_version(service.version, ours=__version__),
        judge_clock(response.headers.get("Date"), now=datetime.now(UTC)),
        *await _readiness(transport),
        *await _with_key(transport),
    ]


def judge_version(theirs: str, *, ours: str) -> Finding:
    """Compare the service's version with this package's: up to the minor they should agree."""
    text = f"service {theirs or 'unknown'}, client {ours}"
    if theirs.split(".")[:2] == ours.split(".")[:2]:
        return Finding("version", Verdict.OK, text)
    advice = "Install the client of the service's release; newer fields are ignored meanwhile."
    return Finding("version", Verdict.WARNING, text, advice)


def judge_clock(date: str | None, *, now: datetime) -> Finding:
    """Compare the service's clock (its ``Date`` header, whole seconds) with ours."""
    try:
        theirs = parsedate_to_datetime(date or "")
    except ValueError:
        return Finding("clock", Verdict.SKIPPED, "the service does not tell its time")
    skew = (now - theirs).total_seconds()
    text = f"this machine is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the service"
    advice = "Set the clocks of both (timedatectl set-ntp true): signed URLs and webhooks depend."
    if abs(skew) > WORST_SKEW_S:
        return Finding("clock", Verdict.FAILED, text, advice)
    if abs(skew) > SOME_SKEW_S:
        return Finding("clock", Verdict.WARNING, text, advice)
    return Finding("clock", Verdict.OK, text)


async def _readiness(transport: Transport) -> list[Finding]:
    """Ask /readyz, which answers 503 with the same body when something is red.

    It asks for no key, so that proxies keep it inside, as those of infra/proxy do.
    """
    try:
        response = await transport.look("/readyz")
        if response.status_code == httpx.codes.NOT_FOUND:
            hidden = "/readyz is not shown to this side of the proxy; whoever runs it can ask"
            return [Finding("readiness", Verdict.SKIPPED, hidden)]
        readiness = decode(_Readiness, parsed(response))
    except HferError as error:
        return [Finding("readiness", Verdict.FAILED, str(error), "See the API's log.")]
    found = [
        Finding(name, Verdict.OK, part.detail)
        if part.ok
        else Finding(
            name, Verdict.FAILED, part.detail, _READINESS_ADVICE.get(name, "See the API's log.")
        )
        for name, part in readiness.checks.items()
    ]
    return found + [Finding("waiting", Verdict.WARNING, text) for text in readiness.warnings]


async def _with_key(transport: Transport) -> list[Finding]:
    names = ("model", "presigned upload")
    try:
        call = Call("GET", "/v1/api-keys/current")
        key = decode(_Key, await transport.send_json(call, retry=ONCE))
    except HferError as error:
        advice = "Give a key that is good (--api-key, HFER_API_KEY); operators make and roll them."
        skipped = [Finding(name, Verdict.SKIPPED, "needs a key") for name in names]
        return [Finding("key", Verdict.FAILED, str(error), advice), *skipped]
    return [_judge_key(key), *await _models(transport), await _upload(transport, key)]


def _judge_key(key: _Key) -> Finding:
    text = f"{key.id} of {key.tenant}: {', '.join(key.scopes)}"
    missing = [names[0] for names in NEEDED_SCOPES if not {*names, "admin"} & set(key.scopes)]
    if missing:
        advice = f"Submitting needs a key that also has {' and '.join(missing)}."
        return Finding("key", Verdict.WARNING, text, advice)
    if key.expires_at is not None and key.expires_at - datetime.now(UTC) < SOON:
        advice = f"An operator makes it live longer: hfer keys roll {key.id} --days 90"
        return Finding("key", Verdict.WARNING, f"{text}, until {key.expires_at:%F %R %Z}", advice)
    return Finding("key", Verdict.OK, text)


async def _models(transport: Transport) -> list[Finding]:
    try:
        body = await transport.send_json(Call("GET", "/v1/models"), retry=ONCE)
    except HferError as error:
        return [Finding("model", Verdict.FAILED, str(error), "See the API's log.")]
    listed = body.get("data", []) if isinstance(body, dict) else []
    models = [decode(ModelInfo, entry) for entry in listed]
    return [
        _judge_model(next((model for model in models if model.active), None)),
        *(_offer(model) for model in models if model.offered),
    ]


def _offer(model: ModelInfo) -> Finding:
    text = f"{model.model_version} came with the service and answers nothing yet"
    advice = f"When it suits you: hfer models activate {model.name}-{model.version}"
    return Finding("newer model", Verdict.OK, text, advice)


def _judge_model(active: ModelInfo | None) -> Finding:
    if active is None:
        advice = "Publish a bundle (hfer models publish DIR) and activate it."
        return Finding("model", Verdict.FAILED, "no model is active", advice)
    text = f"{active.model_version} on {active.workers} worker process(es)"
    if active.refusals:
        refusal = active.refusals[0]
        text = f"{text}, refused by {refusal.workers}: {refusal.reason}"
        advice = "Go back (hfer models rollback), or publish the bundle again under a new version."
        return Finding("model", Verdict.WARNING, text, advice)
    if active.workers:
        return Finding("model", Verdict.OK, text)
    advice = "Workers follow within seconds of a change; if this stays, see a worker's log."
    return Finding("model", Verdict.WARNING, text, advice)


async def _upload(transport: Transport, key: _Key) -> Finding:
    """Put a few bytes by presigned URL as a large submit would, and give the upload up."""
    name = "presigned upload"
    if not {*SUBMITTING, "admin"} & set(key.scopes):
        return Finding(name, Verdict.SKIPPED, f"needs a key with {SUBMITTING[0]}")
    content = b"hfer doctor " + secrets.token_hex(8).encode()
    digest = hashlib.sha256(content).hexdigest()
    file = {"filename": "doctor.jpg", "size": len(content), "sha256": digest}
    try:
        call = json_call("POST", UPLOADS, {"files": [file]})
        page = decode(Page, await transport.send_json(call, retry=ONCE))
    except ApiError as error:
        return Finding(name, Verdict.FAILED, str(error), "See the API's log.")
    except HferError as error:
        return Finding(name, Verdict.FAILED, str(error), "Ask again; the service went away.")
    url = page.data[0].url if page.data else None
    if not url:
        return Finding(name, Verdict.FAILED, "the service gave no URL", "See the API's log.")
    where = httpx.URL(url).netloc.decode()
    try:
        await transport.put(url, (content,), size=len(content))
    except HferError as error:
        advice = (
            f"{where} must be reachable from here: see HFER_STORAGE__PUBLIC_ENDPOINT of the"
            " service. Up to 2,000 photos go through the API meanwhile."
        )
        return Finding(name, Verdict.FAILED, str(error), advice)
    finally:
        await transport.send(Call("DELETE", f"{UPLOADS}/{quote(page.id, safe='')}"), retry=ONCE)
    return Finding(name, Verdict.OK, f"{where} takes photos")

"""Messages are believed only when they are signed, fresh and whole."""

import base64
import hmac
import json
from datetime import UTC, datetime

import pytest

from hfer import (
    WebhookError,
    WebhookHeaderError,
    WebhookMessage,
    WebhookSignatureError,
    WebhookTimestampError,
)
from hfer.webhooks import verify

# The vector of the Standard Webhooks specification and its libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(b"another secret of 24 byte").decode()
SENT_AT = 1614265330
BODY = b'{"test": 2432232314}'
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(SENT_AT),
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


def check(
    body: bytes | str = BODY,
    *,
    secret: str | list[str] = SECRET,
    now: float = SENT_AT,
    tolerance_s: float = 300,
    **headers: str | None,
) -> WebhookMessage:
    """Verify the vector with some of it changed; None takes a header away."""
    changed = {**HEADERS, **{f"webhook-{name}": value for name, value in headers.items()}}
    present = {name: value for name, value in changed.items() if value is not None}
    return verify(body, present, secret, tolerance_s, clock=lambda: now)


def signed(body: bytes, *, secret: str = SECRET) -> dict[str, str]:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{HEADERS['webhook-id']}.{SENT_AT}.".encode() + body
    return {"signature": "v1," + base64.b64encode(hmac.digest(key, text, "sha256")).decode()}


class TestVerify:
    def test_accepts_the_vector_of_the_specification(self) -> None:
        assert check().id == "msg_p5jXN8AQM9LWM0D4loKWxJek"
        assert check(BODY.decode()).id == check().id
        assert check(secret=SECRET.removeprefix("whsec_"))

    def test_reads_the_message(self) -> None:
        body = json.dumps(
            {"type": "job.failed", "timestamp": "2026-11-26T07:00:00Z", "data": {"id": "job_1"}}
        ).encode()
        message = check(body, **signed(body))
        assert message == WebhookMessage(
            HEADERS["webhook-id"],
            "job.failed",
            datetime(2026, 11, 26, 7, tzinfo=UTC),
            {"id": "job_1"},
        )

    def test_takes_headers_in_any_case(self) -> None:
        shouted = {name.upper(): value for name, value in HEADERS.items()}
        assert verify(BODY, shouted, SECRET, clock=lambda: SENT_AT)

    def test_accepts_any_of_several_signatures_and_secrets(self) -> None:
        both = f"v1a,x v1,{'A' * 44} {HEADERS['webhook-signature']}"
        assert check(signature=both)
        assert check(secret=[OTHER, SECRET])

    @pytest.mark.parametrize(
        "change",
        [
            {"body": BODY + b" "},
            {"secret": OTHER},
            {"secret": []},
            {"id": "msg_another"},
            {"timestamp": str(SENT_AT + 1)},
            {"signature": "v1,"},
            {"signature": "v1,é"},
            {"signature": HEADERS["webhook-signature"].replace("v1,", "v2,")},
            {"signature": HEADERS["webhook-signature"][:-2] + "X="},
        ],
    )
    def test_refuses_what_was_not_signed(self, change: dict[str, str]) -> None:
        with pytest.raises(WebhookSignatureError):
            check(**change)  # type: ignore[arg-type]

    @pytest.mark.parametrize("skew", [-301, 301])
    def test_refuses_what_is_not_fresh(self, skew: int) -> None:
        with pytest.raises(WebhookTimestampError, match="301 s"):
            check(now=SENT_AT + skew)
        assert check(now=SENT_AT + skew, tolerance_s=400)

    @pytest.mark.parametrize("name", ["id", "timestamp", "signature"])
    def test_names_the_header_that_is_missing(self, name: str) -> None:
        with pytest.raises(WebhookHeaderError, match=f"webhook-{name}"):
            check(**{name: None})

    @pytest.mark.parametrize("text", ["now", "-1", "1.5", "9" * 5_000])
    def test_refuses_a_time_that_is_none(self, text: str) -> None:
        with pytest.raises(WebhookHeaderError):
            check(timestamp=text)

    @pytest.mark.parametrize("body", [b"[]", b"\xff", b"null"])
    def test_refuses_a_signed_body_that_is_no_message(self, body: bytes) -> None:
        with pytest.raises(WebhookHeaderError):
            check(body, **signed(body))

    def test_takes_a_secret_that_is_read_from_a_file(self) -> None:
        assert check(secret=f"{SECRET}\n").id == check().id

    @pytest.mark.parametrize("secret", ["", "whsec_", "whsec_no base64!"])
    def test_tells_a_malformed_secret_without_showing_it(self, secret: str) -> None:
        with pytest.raises(ValueError, match="whsec_ and base64") as raised:
            check(secret=secret)
        assert not isinstance(raised.value, WebhookError)
        assert "no base64!" not in str(raised.value)

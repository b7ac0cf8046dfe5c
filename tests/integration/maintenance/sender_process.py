"""A process that sends what is due, once: tests kill it in the middle."""

import sys

from services.common.config import DatabaseSettings
from services.common.db.session import build_engine, build_session_factory
from services.common.telemetry import Metrics
from services.common.webhooks.secrets import SecretBox
from services.maintenance.webhook_sender import WebhookSender
from tests.fixtures.webhooks import webhook_settings


def main(url: str, key: str) -> None:
    engine = build_engine(DatabaseSettings.model_validate({"url": url}))
    sender = WebhookSender(
        build_session_factory(engine),
        SecretBox([key]),
        settings=webhook_settings(),
        base="https://hfer.example",  # as the sender of the test
        metrics=Metrics(),
    )
    sender.step()
    sender.finish()


if __name__ == "__main__":
    main(*sys.argv[1:])

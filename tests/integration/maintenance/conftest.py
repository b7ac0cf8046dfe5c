"""A sender of webhooks, as most tests want it."""

import pytest

from services.maintenance.webhook_sender import WebhookSender
from tests.fixtures.webhooks import StartSender


@pytest.fixture
def sender(start_sender: StartSender) -> WebhookSender:
    return start_sender()

"""The client for asyncio, which is also the core of the blocking one (`hfer._wire`)."""

from hfer.aio.api_keys import AsyncApiKeys
from hfer.aio.audit import AsyncAudit
from hfer.aio.client import AsyncClient
from hfer.aio.datasets import AsyncDatasets
from hfer.aio.job import AsyncJob
from hfer.aio.jobs import AsyncJobs
from hfer.aio.receipts import AsyncErasures
from hfer.aio.registry import AsyncModels
from hfer.aio.reviews import AsyncReviews
from hfer.aio.tenants import AsyncTenants
from hfer.aio.webhook_endpoints import AsyncWebhookEndpoints

__all__ = [
    "AsyncApiKeys",
    "AsyncAudit",
    "AsyncClient",
    "AsyncDatasets",
    "AsyncErasures",
    "AsyncJob",
    "AsyncJobs",
    "AsyncModels",
    "AsyncReviews",
    "AsyncTenants",
    "AsyncWebhookEndpoints",
]

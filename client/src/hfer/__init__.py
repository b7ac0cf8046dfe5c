"""HFER's client: batch analysis of apparent facial expression on a service of your own.

from hfer import Client

with Client("http://127.0.0.1:8000", api_key) as client:
job = client.submit("photos/")
job.wait()
for photo in job.results():
for face in photo.faces:
print(photo.filename, face.face_index, face.expression.label)
"""

from hfer._doctor import Finding, Verdict
from hfer._retry import RetryPolicy
from hfer.aio import (
    AsyncClient,
    AsyncJob,
    AsyncJobs,
    AsyncModels,
    AsyncTenants,
    AsyncWebhookEndpoints,
)
from hfer.client import Client
from hfer.errors import (
    ApiError,
    ArchiveFileError,
    AuthenticationError,
    BrokenOffError,
    BucketError,
    BundleFileError,
    ConflictError,
    ForkedTransportError,
    GoneError,
    HferError,
    InvalidRequestError,
    MissingPackageError,
    MixedSourcesError,
    ModelReferenceError,
    NoPhotosError,
    NotFoundError,
    PermissionDeniedError,
    PhotoFileError,
    RateLimitedError,
    S3ListError,
    ServiceError,
    ServiceUnreachableError,
    SettingsError,
    TooManyPhotosError,
    UnexpectedAnswerError,
    WaitTimeoutError,
    WebhookError,
    WebhookHeaderError,
    WebhookSignatureError,
    WebhookTimestampError,
)
from hfer.jobs import Job, Jobs
from hfer.listening import JobEvent
from hfer.models import (
    Box,
    Canary,
    Counts,
    Expression,
    Face,
    Fault,
    ImageInfo,
    JobState,
    Limits,
    ModelDetail,
    ModelInfo,
    ModelMetrics,
    ModelRef,
    ModelRefusal,
    PhotoResult,
    Point,
    Quality,
    ResultFormat,
)
from hfer.registry import Models
from hfer.tenant_models import DailyUsage, Tenant, TenantLimits
from hfer.tenants import Tenants
from hfer.webhook_endpoints import WebhookEndpoints
from hfer.webhook_models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from hfer.webhooks import WebhookMessage

__all__ = [
    "ApiError",
    "ArchiveFileError",
    "AsyncClient",
    "AsyncJob",
    "AsyncJobs",
    "AsyncModels",
    "AsyncTenants",
    "AsyncWebhookEndpoints",
    "AuthenticationError",
    "Box",
    "BrokenOffError",
    "BucketError",
    "BundleFileError",
    "Canary",
    "Client",
    "ConflictError",
    "Counts",
    "DailyUsage",
    "Expression",
    "Face",
    "Fault",
    "Finding",
    "ForkedTransportError",
    "GoneError",
    "HferError",
    "ImageInfo",
    "InvalidRequestError",
    "Job",
    "JobEvent",
    "JobState",
    "Jobs",
    "Limits",
    "MissingPackageError",
    "MixedSourcesError",
    "ModelDetail",
    "ModelInfo",
    "ModelMetrics",
    "ModelRef",
    "ModelReferenceError",
    "ModelRefusal",
    "Models",
    "NoPhotosError",
    "NotFoundError",
    "PermissionDeniedError",
    "PhotoFileError",
    "PhotoResult",
    "Point",
    "Quality",
    "RateLimitedError",
    "ResultFormat",
    "RetryPolicy",
    "S3ListError",
    "ServiceError",
    "ServiceUnreachableError",
    "SettingsError",
    "Tenant",
    "TenantLimits",
    "Tenants",
    "TooManyPhotosError",
    "UnexpectedAnswerError",
    "Verdict",
    "WaitTimeoutError",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookEndpoints",
    "WebhookError",
    "WebhookHeaderError",
    "WebhookMessage",
    "WebhookSignatureError",
    "WebhookTimestampError",
]

"""HFER's client: batch analysis of apparent facial expression on a service of your own.

Submit a folder and read what comes of it::

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
    AsyncApiKeys,
    AsyncAudit,
    AsyncClient,
    AsyncErasures,
    AsyncJob,
    AsyncJobs,
    AsyncModels,
    AsyncTenants,
    AsyncWebhookEndpoints,
)
from hfer.api_keys import ApiKeys
from hfer.audit import Audit
from hfer.audit_models import AuditEntry, AuditFilter
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
    ReceiptError,
    S3ListError,
    ServiceError,
    ServiceUnreachableError,
    SettingsError,
    SkippedError,
    SourceTypeError,
    TooManyPhotosError,
    UnexpectedAnswerError,
    WaitTimeoutError,
    WebhookError,
    WebhookHeaderError,
    WebhookSignatureError,
    WebhookTimestampError,
)
from hfer.jobs import FinishedJob, Job, Jobs
from hfer.key_models import ApiKey, KeyPurpose
from hfer.listening import JobEvent
from hfer.models import (
    Box,
    Counts,
    Expression,
    Face,
    Fault,
    ImageInfo,
    JobState,
    Limits,
    ModelRef,
    PhotoResult,
    Point,
    Quality,
    ResultFormat,
)
from hfer.receipt_models import Erasure
from hfer.receipts import Erasures, VerifiedReceipt, verify_receipt
from hfer.registry import Models
from hfer.registry_models import Canary, ModelDetail, ModelInfo, ModelMetrics, ModelRefusal
from hfer.result_models import ExpressionCounts, ExpressionSummary, GroupCount, JobSummary
from hfer.skipped import Skipped, SkipReason
from hfer.tenant_models import DailyUsage, Tenant, TenantLimits
from hfer.tenants import Tenants
from hfer.webhook_endpoints import WebhookEndpoints
from hfer.webhook_models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from hfer.webhooks import WebhookMessage

__all__ = [
    "ApiError",
    "ApiKey",
    "ApiKeys",
    "ArchiveFileError",
    "AsyncApiKeys",
    "AsyncAudit",
    "AsyncClient",
    "AsyncErasures",
    "AsyncJob",
    "AsyncJobs",
    "AsyncModels",
    "AsyncTenants",
    "AsyncWebhookEndpoints",
    "Audit",
    "AuditEntry",
    "AuditFilter",
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
    "Erasure",
    "Erasures",
    "Expression",
    "ExpressionCounts",
    "ExpressionSummary",
    "Face",
    "Fault",
    "Finding",
    "FinishedJob",
    "ForkedTransportError",
    "GoneError",
    "GroupCount",
    "HferError",
    "ImageInfo",
    "InvalidRequestError",
    "Job",
    "JobEvent",
    "JobState",
    "JobSummary",
    "Jobs",
    "KeyPurpose",
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
    "ReceiptError",
    "ResultFormat",
    "RetryPolicy",
    "S3ListError",
    "ServiceError",
    "ServiceUnreachableError",
    "SettingsError",
    "SkipReason",
    "Skipped",
    "SkippedError",
    "SourceTypeError",
    "Tenant",
    "TenantLimits",
    "Tenants",
    "TooManyPhotosError",
    "UnexpectedAnswerError",
    "Verdict",
    "VerifiedReceipt",
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
    "verify_receipt",
]

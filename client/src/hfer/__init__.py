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
    AsyncDatasets,
    AsyncErasures,
    AsyncJob,
    AsyncJobs,
    AsyncModels,
    AsyncReviews,
    AsyncTenants,
    AsyncWebhookEndpoints,
)
from hfer.api_keys import ApiKeys
from hfer.audit import Audit
from hfer.audit_models import AuditEntry, AuditFilter
from hfer.client import Client
from hfer.comparison import Comparison, FacePair, LoneFace, LonePhoto, comparison_page
from hfer.dataset_models import Dataset
from hfer.datasets import Datasets
from hfer.diff_models import DiffTotals, FaceAnswer, FaceDiff, JobDiff
from hfer.errors import (
    ApiError,
    ArchiveFileError,
    AuthenticationError,
    BrokenOffError,
    BucketError,
    BundleFileError,
    ConflictError,
    ExportError,
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
    SavedFileError,
    ServiceError,
    ServiceUnreachableError,
    SettingsError,
    SkippedError,
    SourceTypeError,
    TooManyPhotosError,
    UnexpectedAnswerError,
    UnmatchedReviewsError,
    WaitTimeoutError,
    WebhookError,
    WebhookHeaderError,
    WebhookSignatureError,
    WebhookTimestampError,
)
from hfer.exports import ExportFormat
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
    JobKey,
    JobState,
    Limits,
    ModelRef,
    PhotoResult,
    Point,
    Quality,
    ResultFormat,
    Reviewed,
)
from hfer.photo_filters import PhotoFilter
from hfer.receipt_models import ErasedPhotos, Erasure
from hfer.receipts import Erasures, VerifiedReceipt, verify_receipt
from hfer.registry import Models
from hfer.registry_models import Canary, ModelDetail, ModelInfo, ModelMetrics, ModelRefusal
from hfer.result_models import (
    ExpressionCounts,
    ExpressionSummary,
    FolderCount,
    GroupCount,
    JobFacets,
    JobSummary,
    Order,
)
from hfer.review_models import (
    AddedReviews,
    ImportedReviews,
    Review,
    ReviewChange,
    UndoneChange,
    UnmatchedReview,
    Vote,
)
from hfer.review_summaries import (
    Agreement,
    Draw,
    Figure,
    ModelAccuracy,
    ReviewerProgress,
    ReviewSummary,
)
from hfer.reviews import Reviews
from hfer.skipped import Skipped, SkipReason
from hfer.tenant_models import DailyUsage, Tenant, TenantLimits
from hfer.tenants import Tenants
from hfer.webhook_endpoints import WebhookEndpoints
from hfer.webhook_models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from hfer.webhooks import WebhookMessage

__all__ = [
    "AddedReviews",
    "Agreement",
    "ApiError",
    "ApiKey",
    "ApiKeys",
    "ArchiveFileError",
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
    "Comparison",
    "ConflictError",
    "Counts",
    "DailyUsage",
    "Dataset",
    "Datasets",
    "DiffTotals",
    "Draw",
    "ErasedPhotos",
    "Erasure",
    "Erasures",
    "ExportError",
    "ExportFormat",
    "Expression",
    "ExpressionCounts",
    "ExpressionSummary",
    "Face",
    "FaceAnswer",
    "FaceDiff",
    "FacePair",
    "Fault",
    "Figure",
    "Finding",
    "FinishedJob",
    "FolderCount",
    "ForkedTransportError",
    "GoneError",
    "GroupCount",
    "HferError",
    "ImageInfo",
    "ImportedReviews",
    "InvalidRequestError",
    "Job",
    "JobDiff",
    "JobEvent",
    "JobFacets",
    "JobKey",
    "JobState",
    "JobSummary",
    "Jobs",
    "KeyPurpose",
    "Limits",
    "LoneFace",
    "LonePhoto",
    "MissingPackageError",
    "MixedSourcesError",
    "ModelAccuracy",
    "ModelDetail",
    "ModelInfo",
    "ModelMetrics",
    "ModelRef",
    "ModelReferenceError",
    "ModelRefusal",
    "Models",
    "NoPhotosError",
    "NotFoundError",
    "Order",
    "PermissionDeniedError",
    "PhotoFileError",
    "PhotoFilter",
    "PhotoResult",
    "Point",
    "Quality",
    "RateLimitedError",
    "ReceiptError",
    "ResultFormat",
    "RetryPolicy",
    "Review",
    "ReviewChange",
    "ReviewSummary",
    "Reviewed",
    "ReviewerProgress",
    "Reviews",
    "S3ListError",
    "SavedFileError",
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
    "UndoneChange",
    "UnexpectedAnswerError",
    "UnmatchedReview",
    "UnmatchedReviewsError",
    "Verdict",
    "VerifiedReceipt",
    "Vote",
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
    "comparison_page",
    "verify_receipt",
]

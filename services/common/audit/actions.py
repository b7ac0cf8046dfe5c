"""What the audit tells of. The words are stable: operators filter by them."""

from enum import StrEnum


class Action(StrEnum):
    """An act of a caller. Looking at one job, photo or picture is none."""

    JOB_SUBMITTED = "job.submitted"
    JOB_CANCELLED = "job.cancelled"
    JOB_RETRIED = "job.retried"
    JOB_ERASED = "job.erased"
    UPLOAD_BEGUN = "upload.begun"
    UPLOAD_ERASED = "upload.erased"
    RESULTS_DOWNLOADED = "results.downloaded"
    PICTURES_DOWNLOADED = "pictures.downloaded"
    REVIEWS_ADDED = "reviews.added"
    KEY_MADE = "key.made"
    KEY_FIRST_USED = "key.first_used"
    KEY_CHANGED = "key.changed"
    KEY_ROLLED = "key.rolled"
    KEY_REVOKED = "key.revoked"
    TENANT_SET = "tenant.set"
    TENANT_RESET = "tenant.reset"
    MODEL_PUBLISHED = "model.published"
    MODEL_ACTIVATED = "model.activated"
    MODEL_ROLLED_BACK = "model.rolled_back"
    CANARY_STARTED = "canary.started"
    CANARY_STOPPED = "canary.stopped"
    WEBHOOK_MADE = "webhook.made"
    WEBHOOK_CHANGED = "webhook.changed"
    WEBHOOK_DELETED = "webhook.deleted"
    WEBHOOK_SECRET_ROTATED = "webhook.secret_rotated"  # noqa: S105 - the name of an act

"""How long a deployment keeps what it was given, and how it attests what it erased."""

from pydantic import Field

from services.common.environment import Group, Secret


class RetentionSettings(Group):
    """How long inputs and results live (GDPR: short by default)."""

    inputs_s: int = Field(default=86_400, ge=0, description="photos and all pictures of them")
    inputs_max_s: int | None = Field(
        default=None,
        ge=0,
        description="longest that a job may have its photos kept for (`keep_photos_s`); unset is"
        " `INPUTS_S`, so that jobs may only ask for less. A review needs the photos: for a week"
        " 604800",
    )
    results_s: int = Field(default=2_592_000, ge=0, description="rows of faces and items")
    training_s: int = Field(
        default=31_536_000,
        ge=0,
        description="faces that jobs let be kept to train on (a year); 0 keeps none",
    )
    orphans_s: int = Field(
        default=86_400, ge=60, description="unsealed uploads, photos put for a job that never came"
    )
    grace_s: int = Field(
        default=3_600, ge=0, description="an object to delete waits longer than any upload takes"
    )
    deliveries_s: int = Field(
        default=2_592_000, ge=0, description="messages to webhooks, and the log of their delivery"
    )
    audit_s: int = Field(
        default=34_560_000, ge=86_400, description="entries of the audit: who did what (400 days)"
    )
    usage_s: int = Field(default=34_560_000, ge=0, description="what tenants used, by day")
    interval_s: float = Field(default=60.0, gt=0, description="between two rounds of forgetting")

    @property
    def longest_inputs_s(self) -> int:
        """Seconds after its end for which a job's photos may be kept at most."""
        return max(self.inputs_s, self.inputs_max_s or 0)


class ReceiptSettings(Group):
    """Receipts of erasures."""

    signing_key: Secret | None = Field(
        default=None,
        description="32 random bytes in URL-safe base64: the Ed25519 key that signs receipts of"
        " erasures. Without it they are unsigned, and say so",
    )

"""What usage looks like over HTTP, as JSON and as CSV."""

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field

from services.common.tenants.repositories.usage import DailyUsage

USAGE_COLUMNS = ("day", "tenant", "photos", "bytes", "faces", "core_seconds")


class UsageObject(BaseModel):
    """What a tenant used on one day of UTC."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "day": "2026-11-30",
                "tenant": "archive",
                "photos": 1200,
                "bytes": 3_100_000_000,
                "faces": 2104,
                "core_seconds": 61.5,
            }
        }
    )

    day: dt.date
    tenant: str
    photos: int = Field(
        description="of jobs accepted on the day and files declared on it; refused ones and those"
        " of retries are among them"
    )
    bytes: int = Field(description="of those photos; of photos by URL on the day their job ended")
    faces: int = Field(description="found in jobs that ended on the day")
    core_seconds: float = Field(description="CPU time of workers for those jobs")


def usage_object(usage: DailyUsage) -> UsageObject:
    """Turn a row into its public form."""
    return UsageObject(
        day=usage.day,
        tenant=usage.tenant,
        photos=usage.photos,
        bytes=usage.byte_count,
        faces=usage.faces,
        core_seconds=usage.core_ms / 1000,
    )


def usage_row(usage: DailyUsage) -> tuple[object, ...]:
    """Turn a row into one of CSV, in the order of `USAGE_COLUMNS`."""
    shown = usage_object(usage)
    return (
        shown.day.isoformat(),
        shown.tenant,
        shown.photos,
        shown.bytes,
        shown.faces,
        shown.core_seconds,
    )

"""What a deployment sets of logs, metrics, traces and reports of errors."""

from typing import Literal

from pydantic import Field

from services.common.environment import Group, Secret


class TelemetrySettings(Group):
    """Logs, metrics, traces and reports of errors."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="lines below it are not written"
    )
    format: Literal["json", "console"] = Field(
        default="json", description="json for collectors, console for eyes"
    )
    metrics_host: str = Field(
        default="127.0.0.1", description="where processes without HTTP of their own show metrics"
    )
    metrics_port: int | None = Field(
        default=None, ge=1, le=65_535, description="the port for it; none is opened if unset"
    )
    otlp_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://[^?#]+$",
        description="base URL of an OTLP/HTTP collector, http://collector:4318; no traces if unset",
    )
    trace_ratio: float = Field(default=1.0, ge=0, le=1, description="share of traced requests")
    sentry_dsn: Secret | None = Field(default=None, description="where errors are reported, if set")

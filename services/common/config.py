"""Settings: typed groups read from the environment, prefix ``HFER_``, delimiter ``__``.

No instance is made at import time: a process reads ``Settings`` once, at its start, and
passes it on. Example: ``HFER_DATABASE__URL`` sets ``Settings().database.url``.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, IPvAnyNetwork

from services.common.api_settings import ApiSettings
from services.common.environment import (
    EnvironmentSettings,
    Group,
    Secret,
    SecretApiKey,
    SecretKeys,
    SecretUrl,
)
from services.common.limit_settings import LimitSettings
from services.common.photo_settings import PhotoSettings
from services.common.retention_settings import ReceiptSettings, RetentionSettings
from services.common.telemetry_settings import TelemetrySettings


class DatabaseSettings(Group):
    """PostgreSQL, the only truth about state."""

    url: SecretUrl = Field(description="postgresql+psycopg://user:password@host:port/name")
    pool_size: int = Field(
        default=10, ge=1, description="connections kept by a process, twice as many at its peak"
    )
    statement_timeout_ms: int = Field(
        default=10_000, ge=100, description="longest run of one statement"
    )
    connect_timeout_s: int = Field(default=3, ge=1, description="for one new connection")
    prepared_statements: bool = Field(
        default=False,
        description="psycopg prepares what it repeats; for direct connections only: behind a"
        " pooler, where a query may be answered with another's rows, it is refused",
    )


class StorageSettings(Group):
    """Any S3 server; only plain S3 calls are made."""

    endpoint: str = Field(description="host:port, without a scheme")
    public_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://[^/?#@]+$",
        description="where clients reach the bucket for presigned uploads, with scheme, no path",
    )
    access_key: Secret = Field(description="name of the S3 account")
    secret_key: Secret = Field(description="its secret; it signs presigned URLs too")
    bucket: str = Field(
        default="hfer", min_length=3, description="holds photos, pictures and model bundles"
    )
    region: str = Field(default="us-east-1", description="as signatures name it")
    secure: bool = Field(default=True, description="TLS; false only on loopback")
    ca_file: Path | None = Field(default=None, description="CA bundle in place of certifi's")
    connect_timeout_s: float = Field(default=3.0, gt=0, description="for one new connection")
    read_timeout_s: float = Field(default=30.0, gt=0, description="longest silence of a socket")


class BrokerSettings(Group):
    """The hint channel. Redis or Valkey; ``amqp://`` makes it RabbitMQ with quorum queues."""

    url: SecretUrl = Field(description="redis://:password@host:port/0, valkey://… or amqp://…")
    publish_timeout_s: float = Field(
        default=1.0, gt=0, description="a hint that takes longer is left to the feeder"
    )


class QueueSettings(Group):
    """Leases and windows of the job machinery (reliability: time limit < lease < visibility)."""

    lease_s: float = Field(default=120.0, gt=0, description="how long a claim is valid")
    chunk_min: int = Field(default=8, ge=1, description="photos claimed at once, at least")
    chunk_max: int = Field(default=64, ge=1, description="photos claimed at once, at most")
    chunk_target_s: float = Field(default=2.0, gt=0, description="wanted duration of a chunk")
    loop_budget_s: float = Field(default=10.0, gt=0, description="work per hint before returning")
    task_time_limit_s: int = Field(
        default=90, ge=1, description="a child that works longer on one hint is killed"
    )
    visibility_timeout_s: int = Field(
        default=300, ge=1, description="Redis delivers a hint again that nobody acknowledged"
    )
    feeder_interval_s: float = Field(
        default=0.5, gt=0, description="between two looks for ready photos"
    )
    sweeper_interval_s: float = Field(
        default=2.0, gt=0, description="between two looks for dead leases and ended jobs"
    )
    window: int = Field(default=16, ge=1, description="hints kept on the broker per queue")
    max_attempts: int = Field(
        default=12, ge=1, description="claims of one photo, after which it failed"
    )
    soft_shutdown_s: float = Field(
        default=20.0, ge=0, description="how long a worker may drain after SIGTERM"
    )


class FetchSettings(Group):
    """URLs that users name: which may be spoken to, how long and how often."""

    enabled: bool = Field(default=True, description="whether jobs may name photos by URL")
    allow_http: bool = Field(default=False, description="plain http besides https")
    ports: tuple[int, ...] = Field(default=(80, 443), description="JSON list")
    allow_networks: tuple[IPvAnyNetwork, ...] = Field(
        default=(),
        description="JSON list of networks that count as public, such as your own photo server's",
    )
    threads: int = Field(default=16, ge=1, description="photos fetched at a time by a process")
    host_threads: int = Field(
        default=4, ge=1, description="photos fetched at a time from one host, by all processes"
    )
    tries: int = Field(default=6, ge=1, description="of one photo")
    step_s: float = Field(default=10.0, gt=0, description="longest wait for a connection or byte")
    total_s: float = Field(default=30.0, gt=0, description="longest time of one try")
    retry_after_max_s: float = Field(
        default=600.0, gt=0, description="longest Retry-After of a server that is waited for"
    )
    interval_s: float = Field(default=0.5, gt=0, description="how often to look for new URLs")
    lease_s: float = Field(
        default=60.0, gt=0, description="a photo is free again so long after its process died"
    )
    shutdown_s: float = Field(
        default=10.0, ge=0, description="what is begun may end for so long after SIGTERM"
    )


class CompatSettings(Group):
    """The interface of the service that this one follows, hfer, for its clients unchanged."""

    enabled: bool = Field(default=False, description="serve POST /upload_image, GET /emotions")
    anonymous_key: SecretApiKey | None = Field(
        default=None, description="API key that requests to them without one act as"
    )
    picture_pixels: int = Field(
        default=4_000_000, ge=10_000, description="larger pictures are scaled down to this"
    )


class WorkerSettings(Group):
    """The analysing processes."""

    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="auto is CUDA where the node has it"
    )
    concurrency: int = Field(default=1, ge=1, description="pool children")
    threads: int = Field(default=1, ge=1, description="inference threads per child")
    niceness: int = Field(
        default=10, ge=0, le=19, description="so that an API on the same cores answers first"
    )
    max_memory_mb: int = Field(
        default=2_000, ge=100, description="a child above this is replaced after its task"
    )
    precision: Literal["auto", "fp32", "bf16", "int8"] = Field(
        default="auto",
        description="of the classifier on CPUs; auto is bf16 or int8 where bundle and CPU have it,"
        " else fp32",
    )
    detector: Literal["auto", "openvino", "facenet", "retinaface"] = Field(
        default="auto",
        description="auto is retinaface, on CPUs and GPUs; openvino and facenet are MTCNN",
    )
    pool_start_method: Literal["auto", "fork", "spawn"] = Field(
        default="auto", description="of children; auto spawns on CUDA and forks on CPUs"
    )
    bundle_dir: Path = Field(
        default=Path("models/starter"), description="the model while none is published"
    )
    mtcnn_dir: Path = Field(
        default=Path("models/mtcnn"),
        description="MTCNN's networks; those of retinaface lie beside it, in `retinaface`",
    )
    tiles: bool = Field(
        default=True,
        description="write a thumbnail and the crops of faces with each result; false: they are"
        " drawn when they are asked for",
    )
    analyser: str = Field(
        default="services.worker.models.analyser:from_settings",
        description="factory of the photo analyser as module:function (tests put a 5 ms one here)",
    )


class HealthSettings(Group):
    """Signs of life for whatever watches a process."""

    pulse_file: Path | None = Field(
        default=None,
        description="touched while worker, maintenance or ingest are at work; images set it",
    )


class ModelSettings(Group):
    """Published models: when one may become active, how workers follow."""

    max_f1_drop: float = Field(
        default=0.02,
        ge=0,
        description="larger falls of macro F1 on the same test need force to be activated",
    )
    trial_load_s: float = Field(
        default=30.0, gt=0, description="how long an activation waits for a worker's trial load"
    )
    poll_s: float = Field(default=2.0, gt=0, description="how often a worker looks for a change")
    retry_s: float = Field(default=60.0, gt=0, description="pause after a bundle was refused")
    cache_dir: Path | None = Field(
        default=None,
        description="fetched bundles; a folder of the user in the temp folder if unset",
    )


class WebhookSettings(Group):
    """Messages to receivers that users name."""

    keys: SecretKeys | None = Field(
        default=None,
        description="Fernet keys that encrypt signing secrets, comma-separated; the first one"
        " encrypts. Without them there are no webhooks",
    )
    allow_http: bool = Field(default=False, description="receivers without TLS")
    allow_loopback: bool = Field(
        default=False, description="for development: receivers on this machine, on any port"
    )
    endpoints: int = Field(default=20, ge=1, description="endpoints per tenant")
    timeout_s: float = Field(default=15.0, gt=0, description="for one whole attempt")
    threads: int = Field(default=16, ge=1, description="attempts at a time, per process")
    per_endpoint: int = Field(default=4, ge=1, description="of them to one healthy endpoint")
    interval_s: float = Field(default=0.5, gt=0, description="between two looks for messages")


class Settings(EnvironmentSettings):
    """All settings of a deployment; every process reads the groups it needs."""

    environment: Literal["dev", "prod"] = Field(
        default="prod", description="stands in the keys that are made: hfer_dev_…, hfer_prod_…"
    )
    database: DatabaseSettings
    storage: StorageSettings
    broker: BrokerSettings
    queue: QueueSettings = QueueSettings()
    fetch: FetchSettings = FetchSettings()
    retention: RetentionSettings = RetentionSettings()
    receipts: ReceiptSettings = ReceiptSettings()
    photos: PhotoSettings = PhotoSettings()
    api: ApiSettings = ApiSettings()
    limits: LimitSettings = LimitSettings()
    compat: CompatSettings = CompatSettings()
    worker: WorkerSettings = WorkerSettings()
    health: HealthSettings = HealthSettings()
    models: ModelSettings = ModelSettings()
    webhooks: WebhookSettings = WebhookSettings()
    telemetry: TelemetrySettings = TelemetrySettings()

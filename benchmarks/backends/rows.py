"""The combinations of broker, database and store that a job is run on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What differs from the wheels' Postgres, Redis and SeaweedFS.

    Attributes:
        name: of the row.
        postgres: major version, from npm.
        redis: package of Debian 13 that runs as Redis.
        rabbitmq: Debian's release, 12 or 13, whose RabbitMQ is the broker.
        pgbouncer: Debian's release, 12 or 13, whose PgBouncer stands before Postgres.
        pool_mode: of PgBouncer.
        moto: whether moto's server is the store.
        refused: what /readyz has to say, where this must not work.
    """

    name: str
    postgres: str | None = None
    redis: str | None = None
    rabbitmq: int | None = None
    pgbouncer: int | None = None
    pool_mode: str = "transaction"
    moto: bool = False
    refused: str | None = None


ROWS = (
    Row(name="default"),
    Row(name="postgres-15", postgres="15"),
    Row(name="postgres-16", postgres="16"),
    Row(name="postgres-17", postgres="17"),
    Row(name="pgbouncer-12-transaction", pgbouncer=12),
    Row(name="pgbouncer-12-session", pgbouncer=12, pool_mode="session"),
    Row(name="pgbouncer-13-transaction", pgbouncer=13),
    Row(name="pgbouncer-13-session", pgbouncer=13, pool_mode="session"),
    Row(name="redis-8", redis="redis-server"),
    Row(name="valkey-8", redis="valkey-server"),
    Row(name="rabbitmq-3.10", rabbitmq=12),
    Row(name="rabbitmq-4.0", rabbitmq=13),
    Row(name="moto", moto=True),
    Row(name="postgres-14", postgres="14", refused="PostgreSQL 14 is too old"),
)

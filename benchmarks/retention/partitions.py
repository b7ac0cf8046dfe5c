"""The same outcomes in partitions: what a lookup costs, what dropping half of them gives back."""

import random
import statistics
import time
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text

PARTS = 30
LOOKUPS = 2_000

_RANGE = text("SELECT min(item_id), max(item_id) FROM outcome")
_BY_KEY = "SELECT payload FROM {table} WHERE item_id = :item"
_PAGE = """
    SELECT item.seq, outcome.payload FROM item
    LEFT JOIN {table} AS outcome ON outcome.item_id = item.id
    WHERE item.job_id = :job ORDER BY item.seq LIMIT 100
"""


@dataclass(frozen=True, slots=True)
class Layout:
    """Milliseconds of a lookup, and what dropping the older half of the partitions does.

    A lookup's figure is its fastest tenth, planning included: others on the machine do not count.
    """

    primary_key: str
    second_outcome_refused: bool
    by_key_ms: float
    page_ms: float
    drop_s: float
    dropped_bytes: int


def compare(engine: Engine) -> dict[str, Layout]:
    """Copy the table outcome into two layouts, one after the other, and measure each."""
    with engine.connect() as connection:
        first, last = connection.execute(_RANGE).one()
        step = (last - first) // PARTS + 1
        ids = [str(first + step * number) for number in range(PARTS + 1)]
        days = [f"date_trunc('day', now()) - interval '{PARTS - n} days'" for n in range(PARTS + 1)]
        days[0], days[-1] = "'-infinity'::timestamptz", "'infinity'::timestamptz"
        return {
            "plain": _measure(connection, "outcome", "item_id", parts=0),
            "by_day": _partitioned(connection, "created_at", "item_id, created_at", days),
            "by_item": _partitioned(connection, "item_id", "item_id", ids),
        }


def _partitioned(connection: Connection, column: str, key: str, bounds: list[str]) -> Layout:
    connection.execute(text(
        "CREATE TABLE parted (LIKE outcome INCLUDING DEFAULTS, PRIMARY KEY"
        f" ({key})) PARTITION BY RANGE ({column})"
    ))  # fmt: skip
    for number in range(PARTS):
        low, high = bounds[number], bounds[number + 1]
        connection.execute(text(
            f"CREATE TABLE parted_{number} PARTITION OF parted FOR VALUES FROM ({low}) TO ({high})"
        ))  # fmt: skip
    connection.execute(text("INSERT INTO parted SELECT * FROM outcome"))
    connection.commit()
    with connection.execution_options().begin():
        connection.execute(text("ANALYZE parted"))
    found = _measure(connection, "parted", key, parts=PARTS)
    connection.execute(text("DROP TABLE parted"))
    connection.commit()
    return found


def _measure(connection: Connection, table: str, key: str, *, parts: int) -> Layout:
    items = _sample(connection, "SELECT item_id FROM outcome TABLESAMPLE SYSTEM (1)")
    jobs = _sample(connection, "SELECT id FROM job WHERE total >= 100")
    by_key = _fast_ms(connection, _BY_KEY.format(table=table), "item", items)
    page = _fast_ms(connection, _PAGE.format(table=table), "job", jobs[: LOOKUPS // 10])
    refused = _refuses_a_second(connection, table, items[0])
    dropped, started = 0, time.perf_counter()
    for number in range(parts // 2):
        size = text(f"SELECT pg_total_relation_size('parted_{number}')")
        dropped += int(connection.execute(size).scalar_one())
        connection.execute(text(f"DROP TABLE parted_{number}"))
    connection.commit()
    return Layout(key, refused, by_key, page, round(time.perf_counter() - started, 3), dropped)


def _sample(connection: Connection, query: str) -> list[int]:
    found = list(connection.scalars(text(query)))
    return random.Random(7).choices(found, k=LOOKUPS)  # noqa: S311 - which rows are looked up


def _fast_ms(connection: Connection, query: str, name: str, values: list[int]) -> float:
    """Return the tenth percentile of lookups that are planned anew, as behind a pooler."""
    statement, times = text(query), []
    for value in values:
        started = time.perf_counter()
        connection.execute(statement, {name: value}).all()
        times.append(1_000 * (time.perf_counter() - started))
    connection.rollback()
    return round(statistics.quantiles(times, n=10)[0], 3)


def _refuses_a_second(connection: Connection, table: str, item: int) -> bool:
    """Whether the table's own key keeps a second outcome of a photo out."""
    again = text(f"""
        INSERT INTO {table} (item_id, ok, created_at)
        VALUES (:item, true, now()) ON CONFLICT DO NOTHING
    """)  # noqa: S608 - ours
    written = connection.execute(again, {"item": item}).rowcount
    connection.rollback()
    return written == 0

"""DuckDB and Polars read CSV and Parquet, and find the same cells in both."""

import json
import math
import sys
from pathlib import Path

import duckdb
import polars as pl

files = Path(sys.argv[1])
expected = json.loads((files / "rows.json").read_text())


def same(told: object, wanted: object) -> bool:
    if wanted is None or wanted == "":
        return told is None or told == ""
    if isinstance(wanted, bool) or isinstance(told, bool):
        return told is wanted
    if isinstance(wanted, int | float):
        return math.isclose(float(told), wanted, abs_tol=5.1e-7)  # type: ignore[arg-type]
    return told in {wanted, f"'{wanted}"}


def compare(rows: list[dict[str, object]], who: str) -> None:
    assert len(rows) == len(expected), f"{who}: {len(rows)} rows"
    for number, (row, wanted) in enumerate(zip(rows, expected, strict=True)):
        assert list(row) == list(wanted), f"{who}: {list(row)}"
        for name, value in wanted.items():
            assert same(row[name], value), f"{who}: {name} of row {number} is {row[name]!r}"


def of_duckdb(reader: str) -> list[dict[str, object]]:
    found = duckdb.sql(f"SELECT * FROM {reader}")
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


compare(of_duckdb(f"read_parquet('{files}/faces.parquet')"), "DuckDB, Parquet")
# As a user reads it: DuckDB finds the types.
csv = f"read_csv('{files}/faces.csv', types={{'client_ref': 'VARCHAR', 'captured_at': 'VARCHAR'}})"
compare(of_duckdb(csv), "DuckDB, CSV")
types = dict(duckdb.sql(f"SELECT column_name, column_type FROM (DESCRIBE FROM {csv})").fetchall())
assert types["uncertain"] == "BOOLEAN", types
assert types["p_fear"] == "DOUBLE", types
compare(pl.read_parquet(files / "faces.parquet").to_dicts(), "Polars, Parquet")
texts = {"client_ref": pl.String, "captured_at": pl.String}
compare(
    pl.read_csv(files / "faces.csv", schema_overrides=texts, infer_schema_length=None).to_dicts(),
    "Polars, CSV",
)
schema = duckdb.sql(f"SELECT key, value FROM parquet_kv_metadata('{files}/faces.parquet')")
assert b"hfer.job_id" in {key for key, _ in schema.fetchall()}
print(
    f"DuckDB {duckdb.__version__}, Polars {pl.__version__}: {len(expected)} rows of"
    f" {len(expected[0])} columns, CSV and Parquet"
)

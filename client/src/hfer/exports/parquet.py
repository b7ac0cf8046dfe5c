"""Parquet by Apache Arrow: the one table, typed, with each column's unit and meaning."""

from pathlib import Path
from typing import TYPE_CHECKING

from hfer._columns import COLUMNS, Cell, Kind, rows
from hfer.exports.about import facts
from hfer.models import JobState, PhotoResult

if TYPE_CHECKING:
    import pyarrow as pa

# Rows that are held and written together: 25 MB as Python objects.
ROWS_A_GROUP = 16_384


class ParquetWriter:
    """Writes a row group at a time."""

    def __init__(self, path: Path, state: JobState, *, rows_a_group: int = ROWS_A_GROUP) -> None:
        import pyarrow.parquet as pq

        self._schema = _schema(state)
        self._rows_a_group = rows_a_group
        self._held: list[dict[str, Cell]] = []
        self._file = pq.ParquetWriter(path, self._schema)

    def add(self, photo: PhotoResult) -> None:
        self._held.extend(rows(photo))
        while len(self._held) >= self._rows_a_group:
            self._write(self._rows_a_group)

    def close(self) -> None:
        if self._held:
            self._write(len(self._held))
        self._file.close()

    def abandon(self) -> None:
        self._file.close()

    def _write(self, count: int) -> None:
        import pyarrow as pa

        group, self._held = self._held[:count], self._held[count:]
        self._file.write_batch(pa.RecordBatch.from_pylist(group, schema=self._schema))


def _schema(state: JobState) -> "pa.Schema":
    import pyarrow as pa

    types = {
        Kind.TEXT: pa.string(),
        Kind.INTEGER: pa.int64(),
        Kind.NUMBER: pa.float64(),
        Kind.FLAG: pa.bool_(),
    }
    fields = [
        pa.field(
            column.name,
            types[column.kind],
            metadata={"unit": column.unit, "meaning": column.meaning},
        )
        for column in COLUMNS
    ]
    told = {f"hfer.{name}": value for name, value in facts(state).items()}
    return pa.schema(fields, metadata=told)

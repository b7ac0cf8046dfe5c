"""Parquet by Apache Arrow: the one table, typed, with each column's unit and meaning."""

from pathlib import Path
from typing import TYPE_CHECKING

from hfer._columns import COLUMNS, NAMES, Cell, Kind, rows
from hfer.exports.about import facts
from hfer.models import JobState, PhotoResult

if TYPE_CHECKING:
    import pyarrow as pa

# Rows that are held and written together: 20 MB as Python objects.
ROWS_A_GROUP = 16_384


class ParquetWriter:
    """Writes a row group at a time."""

    def __init__(self, path: Path, state: JobState, *, rows_a_group: int = ROWS_A_GROUP) -> None:
        import pyarrow.parquet as pq

        self._schema = _schema(state)
        self._rows_a_group = rows_a_group
        self._held: list[list[Cell]] = [[] for _ in NAMES]
        self._file = pq.ParquetWriter(path, self._schema)

    def add(self, photo: PhotoResult) -> None:
        for row in rows(photo):
            for held, cell in zip(self._held, row.values(), strict=True):
                held.append(cell)
            if len(self._held[0]) == self._rows_a_group:
                self._write()

    def close(self) -> None:
        if self._held[0]:
            self._write()
        self._file.close()

    def abandon(self) -> None:
        self._file.close()

    def _write(self) -> None:
        import pyarrow as pa

        columns = [
            pa.array(held, field.type) for held, field in zip(self._held, self._schema, strict=True)
        ]
        self._file.write_batch(pa.RecordBatch.from_arrays(columns, schema=self._schema))
        self._held = [[] for _ in NAMES]


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

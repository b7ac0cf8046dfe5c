from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hfer._columns import NAMES, rows
from hfer.exports import Exporter, ExportFormat
from hfer.exports.parquet import ParquetWriter
from tests.fixtures.told_job import JOB, STATE, photos
from tests.unit.client.exports.conftest import Write

PARQUET = Exporter(ExportFormat.PARQUET)


def test_holds_every_cell_as_it_is(write: Write) -> None:
    table = pq.read_table(write(PARQUET))
    assert tuple(table.column_names) == NAMES
    assert table.to_pylist() == [row for photo in photos() for row in rows(photo)]


def test_is_typed_also_where_a_column_is_empty(write: Write) -> None:
    schema = pq.read_schema(write(PARQUET, given=[photo for photo in photos() if not photo.faces]))
    assert schema.field("p_fear").type == pa.float64()
    assert schema.field("face_index").type == pa.int64()
    assert schema.field("uncertain").type == pa.bool_()
    assert schema.field("captured_at").type == pa.string()


def test_names_job_model_and_units(write: Write) -> None:
    schema = pq.read_schema(write(PARQUET))
    assert schema.metadata[b"hfer.job_id"] == JOB.encode()
    assert schema.metadata[b"hfer.model"] == b"m"
    assert schema.field("box_x").metadata[b"unit"] == b"px"
    assert schema.field("roll").metadata[b"unit"] == b"degrees"


def test_a_job_without_photos_is_a_table_without_rows(write: Write) -> None:
    table = pq.read_table(write(PARQUET, given=[]))
    assert (table.num_rows, tuple(table.column_names)) == (0, NAMES)


@pytest.mark.parametrize("rows_a_group", [1, 3, 8, 100])
def test_no_row_is_lost_between_groups(tmp_path: Path, rows_a_group: int) -> None:
    writer = ParquetWriter(tmp_path / "a", STATE, rows_a_group=rows_a_group)
    for photo in photos():
        writer.add(photo)
    writer.close()
    file = pq.ParquetFile(tmp_path / "a")
    assert file.num_row_groups == -(-8 // rows_a_group)
    assert file.read().to_pylist() == [row for photo in photos() for row in rows(photo)]

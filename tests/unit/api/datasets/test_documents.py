"""What lies beside the faces in a data set's archive."""

import csv
import hashlib
import io
import json

from services.api.datasets.documents import documents
from services.api.datasets.schemas import EXAMPLE, DatasetObject
from services.common.domain.emotions import EMOTIONS
from services.imaging.training_crops import MARGIN
from tests.fixtures.taught import archived_faces

COUNTS = {"train": dict.fromkeys(EMOTIONS, 4), "test": dict.fromkeys(EMOTIONS, 2)}
SHOWN = DatasetObject.model_validate(EXAMPLE | {"counts": COUNTS})
FILES = documents(SHOWN, archived_faces(3))


def test_the_table_has_votes_sides_and_where_faces_are() -> None:
    rows = list(csv.DictReader(io.StringIO(FILES["votes.csv"].decode())))
    assert [float(row["margin"]) for row in rows] == [MARGIN] * 3
    assert [row["roll"] for row in rows] == ["2.5", "", ""]
    assert {(row["fear"], row["unknown"], row["nf"], row["split"]) for row in rows} == {
        ("2", "1", "0", "test")
    }


def test_the_description_names_each_file_and_whose_it_is() -> None:
    told = json.loads(FILES["dataset.json"])
    assert (told["format"], told["format_version"], told["id"]) == ("hfer-dataset", 1, SHOWN.id)
    assert [face["kept_for_training"] for face in told["faces"]] == [False, True, True]
    assert told["faces"][0]["item"] == f"itm_{1:032x}"


def test_the_croissant_describes_every_column_of_the_table() -> None:
    told = json.loads(FILES["croissant.json"])
    [records] = told["recordSet"]
    columns = [field["source"]["extract"]["column"] for field in records["field"]]
    assert columns == FILES["votes.csv"].decode().splitlines()[0].split(",")
    assert told["distribution"][0]["sha256"] == hashlib.sha256(FILES["votes.csv"]).hexdigest()


def test_the_card_tells_counts_consent_and_what_was_erased() -> None:
    card = FILES["README.md"].decode()
    assert "| most said | train | test |\n|---|---|---|\n| surprise | 4 | 2 |" in card
    assert "release forms of 2026-11-20" in card
    assert "Of the faces 2 may outlive their photos" in card
    assert "**Thinned**: 2 faces were erased" in card

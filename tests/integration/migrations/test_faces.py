"""Revision 0021: rows of faces, kept by triggers and filled once from the results of before."""

from typing import Any

import psycopg
import pytest
from alembic import command
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from services.common.db.grants import Role
from services.common.db.migrations import alembic_config, migrate
from services.common.db.review_tables import FaceReview
from services.common.db.tables import Outcome
from services.common.domain.jobs import ItemStatus
from tests.fixtures.as_role import url_as
from tests.fixtures.jobs import SeededJob, face_payload, photo_payload, seed_job

DONE, EMPTY, FAILED = ItemStatus.SUCCEEDED, ItemStatus.NO_FACE, ItemStatus.FAILED
TIED = [0.1, 0.3, 0.3, 0.1, 0.1, 0.05, 0.05]
AT_EDGE: dict[str, Any] = {"box": [40.0, 4.0, 24.0, 30.0], "probabilities": TIED, "margin": 0.0}
ROWS = {
    "photo": "SELECT * FROM analysed_photo ORDER BY item_id",
    "face": "SELECT * FROM face ORDER BY item_id, face_index",
}


def found(engine: Engine, table: str) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(ROWS[table])).mappings()]


def fill(engine: Engine) -> SeededJob:
    """A job of four photos: two faces, none, an error, and one that its client shrank."""
    with sessionmaker(engine, expire_on_commit=False)() as session, session.begin():
        faces = [face_payload(), face_payload(1, uncertain=True, **AT_EDGE)]
        made = seed_job(session, [DONE, EMPTY, FAILED, DONE], faces=faces)
        shrunk = session.get_one(Outcome, made.items[3].id)
        whole = face_payload(landmarks=[], box=[0.0, 0.0, 64.0, 40.0])
        shrunk.payload = photo_payload(whole) | {
            "original": [640, 400],
            "captured_at": "2026-05-01T10:00:00",
            "warnings": ["end_missing"],
        }
        _review(session, made)
    return made


def _review(session: Session, made: SeededJob) -> None:
    item = made.items[0].id
    for reviewer, version, answer in (
        ("ada", 1, "fear"),
        ("ada", 2, "anger"),
        ("bob", 1, "cannot_tell"),
    ):
        session.add(
            FaceReview(
                item_id=item,
                face_index=1,
                reviewer=reviewer,
                version=version,
                answer=answer,
                blind=False,
            )
        )
        session.flush()


@pytest.fixture
def filled(engine: Engine) -> SeededJob:
    return fill(engine)


class TestTriggers:
    def test_write_a_row_for_each_photo_with_a_result(
        self, engine: Engine, filled: SeededJob
    ) -> None:
        rows = found(engine, "photo")
        two, none, _, shrunk = (item.id for item in filled.items)
        assert [(row["item_id"], row["faces"], row["width"], row["height"]) for row in rows] == [
            (two, 2, 64, 40),
            (none, 0, 64, 40),
            (shrunk, 1, 640, 400),
        ]
        assert rows[2]["captured_at"] == "2026-05-01T10:00:00"
        assert [row["warnings"] for row in rows] == [[], [], ["end_missing"]]

    @pytest.mark.usefixtures("filled")
    def test_write_a_row_for_each_face(self, engine: Engine) -> None:
        first, second, *_ = found(engine, "face")
        assert (first["expression"], first["top_p"], first["margin"]) == (3, 0.7, 0.65)
        assert (first["side"], first["cut_off"], first["uncertain"]) == (30.0, False, False)
        # A tie is the first of both, as the API ranks it; the box ends at the photo's edge.
        assert (second["expression"], second["top_p"], second["uncertain"]) == (1, 0.3, True)
        assert (second["seq"], second["face_index"], second["cut_off"]) == (0, 1, True)

    @pytest.mark.usefixtures("filled")
    def test_a_picture_that_is_one_face_is_not_cut_off(self, engine: Engine) -> None:
        (whole,) = (row for row in found(engine, "face") if row["seq"] == 3)
        assert whole["cut_off"] is False

    @pytest.mark.usefixtures("filled")
    def test_last_words_of_reviewers_are_counted(self, engine: Engine) -> None:
        votes = [row["answers"] for row in found(engine, "face")]
        assert votes == [0, 1 << 4 | 1 << 8, 0]

    def test_a_process_needs_no_right_to_the_tables(
        self, engine: Engine, database_url: str, filled: SeededJob
    ) -> None:
        """A worker of before finishes photos as its role while the new schema is in place."""
        item = filled.items[0].id
        with engine.begin() as connection:
            before = found(engine, "face")
            connection.execute(text("DELETE FROM outcome WHERE item_id = :item"), {"item": item})
            connection.execute(text("DELETE FROM face"))
        with psycopg.connect(url_as(database_url, Role.WORKER).replace("+psycopg", "")) as worker:
            payload = photo_payload(face_payload(), face_payload(1, uncertain=True, **AT_EDGE))
            worker.execute(
                "INSERT INTO outcome (item_id, ok, payload) VALUES (%s, true, %s)",
                (item, psycopg.types.json.Jsonb(payload)),
            )
        expected = [row | {"answers": 0} for row in before if row["item_id"] == item]
        assert found(engine, "face") == expected

    @pytest.mark.usefixtures("filled")
    def test_rows_go_with_their_photo(self, engine: Engine) -> None:
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM item"))
        assert (found(engine, "photo"), found(engine, "face")) == ([], [])


class TestBackfill:
    @pytest.mark.usefixtures("filled")
    def test_of_results_of_before_equals_what_triggers_write(
        self, engine: Engine, database_url: str
    ) -> None:
        by_triggers = {table: found(engine, table) for table in ROWS}
        command.downgrade(alembic_config(database_url), "0020")
        migrate(database_url)
        assert {table: found(engine, table) for table in ROWS} == by_triggers

    def test_results_of_before_are_kept(self, empty_database_url: str) -> None:
        migrate(empty_database_url)
        engine = create_engine(empty_database_url)
        made = fill(engine)
        command.downgrade(alembic_config(empty_database_url), "0020")
        migrate(empty_database_url)
        assert len(found(engine, "photo")) == 3
        with engine.connect() as connection:
            outcomes = connection.scalar(text("SELECT count(*) FROM outcome"))
        engine.dispose()
        assert outcomes == len(made.items)

    @pytest.mark.usefixtures("filled")
    def test_that_was_interrupted_continues(self, engine: Engine, database_url: str) -> None:
        """As it is after a kill between two pieces: tables are there, the revision is not."""
        by_triggers = {table: found(engine, table) for table in ROWS}
        command.downgrade(alembic_config(database_url), "0021")
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '0020'"))
            connection.execute(text("DELETE FROM face WHERE seq = 0"))
        migrate(database_url)
        assert {table: found(engine, table) for table in ROWS} == by_triggers

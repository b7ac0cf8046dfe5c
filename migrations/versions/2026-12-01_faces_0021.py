"""Faces: a narrow row for each photo with a result and for each face, kept by triggers.

Revision: 0021, after 0020. Made on 2026-12-01.

Tables and triggers come first, in a transaction of their own; then the results of before are read
in pieces, each with its commit. A migration that was interrupted there is run again: it leaves
what it finds and continues.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_PIECE = 2_000
# Bit i of `answers` is the i-th of these. Any other answer is no vote.
_ANSWERS = (
    "ARRAY['surprise', 'fear', 'disgust', 'happiness', 'anger', 'sadness', 'neutral',"
    " 'not_a_face', 'cannot_tell']"
)

# Sizes are told of the original where the client shrank the photo, as the API tells them.
_PHOTOS = """
    INSERT INTO analysed_photo (item_id, job_id, width, height, faces, captured_at, warnings)
    SELECT item.id, item.job_id,
           coalesce(payload -> 'original' ->> 0, payload ->> 'width')::int,
           coalesce(payload -> 'original' ->> 1, payload ->> 'height')::int,
           jsonb_array_length(payload -> 'faces'), payload ->> 'captured_at',
           ARRAY(SELECT jsonb_array_elements_text(payload -> 'warnings'))
    FROM {source} AS told JOIN item ON item.id = told.item_id
    WHERE payload ? 'faces'
    ON CONFLICT DO NOTHING
"""
# OFFSET 0: numbers are taken out of the JSON once, of a photo and of each face. A payload of many
# faces is packed, and would be unpacked for each of them.
_FACES = """
    INSERT INTO face (item_id, face_index, job_id, seq, expression, top_p, margin, uncertain, side,
                      cut_off)
    SELECT item_id, face_index, job_id, seq, array_position(p, top_p) - 1, top_p, margin, uncertain,
           greatest(w, h),
           landmarks > 0 AND (x <= 0 OR y <= 0 OR x + w >= width OR y + h >= height)
    FROM (
        SELECT numbers.*, (SELECT max(each) FROM unnest(p) AS each) AS top_p
        FROM (
            SELECT item_id, job_id, seq, width, height,
                   (face ->> 'face_index')::smallint AS face_index,
                   ARRAY(SELECT jsonb_array_elements(face -> 'probabilities')::float8) AS p,
                   (face ->> 'margin')::float8 AS margin,
                   (face ->> 'uncertain')::boolean AS uncertain,
                   (face -> 'box' -> 0)::float8 AS x, (face -> 'box' -> 1)::float8 AS y,
                   (face -> 'box' -> 2)::float8 AS w, (face -> 'box' -> 3)::float8 AS h,
                   jsonb_array_length(face -> 'landmarks') AS landmarks
            FROM (
                SELECT item.id AS item_id, item.job_id, item.seq,
                       (payload ->> 'width')::float8 AS width,
                       (payload ->> 'height')::float8 AS height, payload -> 'faces' AS faces
                FROM {source} AS told JOIN item ON item.id = told.item_id
                OFFSET 0
            ) AS photo, jsonb_array_elements(faces) AS face
            OFFSET 0
        ) AS numbers
        OFFSET 0
    ) AS found
    ON CONFLICT DO NOTHING
"""
_DROP_FORMER = """
        IF TG_OP = 'UPDATE' THEN
            DELETE FROM face USING news WHERE face.item_id = news.item_id;
            DELETE FROM analysed_photo AS photo USING news WHERE photo.item_id = news.item_id;
        END IF;
"""
# The owner's rights, and names that a caller cannot put tables of their own in front of.
_FUNCTION = """
    CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        {body}
        RETURN NULL;
    END $$
"""
_TRIGGER = """
    CREATE OR REPLACE TRIGGER {trigger} AFTER {event} ON {table} REFERENCING NEW TABLE AS news
    FOR EACH STATEMENT EXECUTE FUNCTION {function}()
"""

# The highest version of each reviewer is their vote.
_VOTES = """
    SELECT item_id, face_index,
           coalesce(bit_or(1 << array_position({answers}, answer) - 1), 0) AS answers
    FROM (
        SELECT DISTINCT ON (item_id, face_index, reviewer) item_id, face_index, answer::text
        FROM face_review {of}
        ORDER BY item_id, face_index, reviewer, version DESC
    ) AS vote
    GROUP BY item_id, face_index
"""
_SET_VOTES = """
    UPDATE face SET answers = votes.answers FROM ({votes}) AS votes
    WHERE face.item_id = votes.item_id AND face.face_index = votes.face_index
      AND face.answers <> votes.answers
"""
_TOLD = "(SELECT DISTINCT item_id, face_index FROM news) AS told USING (item_id, face_index)"
# Two reviewers of one face at once: the second waits, and counts when it sees the first one's vote.
_HOLD_FACES = f"""
    PERFORM FROM face JOIN {_TOLD} ORDER BY item_id, face_index FOR NO KEY UPDATE OF face;
"""
_VOTES_OF_ALL = _VOTES.format(answers=_ANSWERS, of="")
_VOTES_OF_NEWS = _VOTES.format(answers=_ANSWERS, of=f"JOIN {_TOLD}")

# Photos are held while their rows are written, so that none is deleted in between.
_BACKFILL = """
    DO $$
    DECLARE
        done bigint := 0;
        upto bigint;
        last bigint := (SELECT max(item_id) FROM outcome);
    BEGIN
        LOOP
            -- A guess of 100 faces a photo would have each piece compiled.
            PERFORM set_config('jit', 'off', true);
            SELECT max(item_id) INTO upto FROM (
                SELECT item_id FROM outcome WHERE item_id > done AND item_id <= last
                ORDER BY item_id LIMIT {piece}
            ) AS piece;
            EXIT WHEN upto IS NULL;
            PERFORM FROM item WHERE id > done AND id <= upto FOR KEY SHARE;
            {photos};
            {faces};
            COMMIT;
            done := upto;
        END LOOP;
    END $$
"""
_OF_PIECE = "(SELECT item_id, payload FROM outcome WHERE item_id > done AND item_id <= upto)"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "analysed_photo",
        sa.Column("item_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("faces", sa.Integer(), nullable=False),
        sa.Column("captured_at", sa.String(), nullable=True),
        sa.Column("warnings", postgresql.ARRAY(sa.String()), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["item.id"],
            name=op.f("fk_analysed_photo_item_id_item"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_analysed_photo")),
        if_not_exists=True,
    )
    op.create_index("ix_analysed_photo_job_id", "analysed_photo", ["job_id"], if_not_exists=True)
    op.create_table(
        "face",
        sa.Column("item_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("face_index", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("expression", sa.SmallInteger(), nullable=False),
        sa.Column("top_p", sa.Double(), nullable=False),
        sa.Column("margin", sa.Double(), nullable=False),
        sa.Column("uncertain", sa.Boolean(), nullable=False),
        sa.Column("side", sa.Double(), nullable=False),
        sa.Column("cut_off", sa.Boolean(), nullable=False),
        sa.Column("answers", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["item.id"], name=op.f("fk_face_item_id_item"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("item_id", "face_index", name=op.f("pk_face")),
        postgresql_with={"fillfactor": 90},
        if_not_exists=True,
    )
    op.create_index("ix_face_job_id", "face", ["job_id", "seq"], if_not_exists=True)
    news = f"{_PHOTOS.format(source='news')};{_FACES.format(source='news')};"
    op.execute(_FUNCTION.format(name="fill_faces", body=_DROP_FORMER + news))
    votes = f"{_HOLD_FACES}{_SET_VOTES.format(votes=_VOTES_OF_NEWS)};"
    op.execute(_FUNCTION.format(name="count_votes", body=votes))
    for trigger, event, table, function in (
        ("outcome_faces", "INSERT", "outcome", "fill_faces"),
        ("outcome_faces_again", "UPDATE", "outcome", "fill_faces"),
        ("face_review_votes", "INSERT", "face_review", "count_votes"),
    ):
        op.execute(_TRIGGER.format(trigger=trigger, event=event, table=table, function=function))
    with op.get_context().autocommit_block():
        op.execute(
            _BACKFILL.format(
                piece=_PIECE,
                photos=_PHOTOS.format(source=_OF_PIECE),
                faces=_FACES.format(source=_OF_PIECE),
            )
        )
    # Reviews that are on their way end before it, as their faces may have had no row yet.
    op.execute("LOCK TABLE face_review IN SHARE ROW EXCLUSIVE MODE")
    op.execute(_SET_VOTES.format(votes=_VOTES_OF_ALL))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TRIGGER face_review_votes ON face_review")
    op.execute("DROP TRIGGER outcome_faces_again ON outcome")
    op.execute("DROP TRIGGER outcome_faces ON outcome")
    op.execute("DROP FUNCTION count_votes()")
    op.execute("DROP FUNCTION fill_faces()")
    op.drop_table("face")
    op.drop_table("analysed_photo")

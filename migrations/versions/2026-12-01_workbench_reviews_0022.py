"""Reviews of the workbench: notes, what one request changed, random draws; receipts count them.

Revision: 0022, after 0021. Made on 2026-12-01.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ANSWERS = (
    *("surprise", "fear", "disgust", "happiness", "anger", "sadness", "neutral"),
    *("not_a_face", "cannot_tell"),
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "review_change",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("reviewer", sa.String(), nullable=False),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        _now("made_at"),
        _job("review_change"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_change")),
        sa.UniqueConstraint("public_id", name=op.f("uq_review_change_public_id")),
    )
    op.create_index(
        "ix_review_change_job_id_reviewer", "review_change", ["job_id", "reviewer", "id"]
    )
    op.add_column("face_review", sa.Column("note", sa.String(), nullable=True))
    op.add_column("face_review", sa.Column("change_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_face_review_change_id_review_change"),
        "face_review",
        "review_change",
        ["change_id"],
        ["id"],
    )
    op.create_index("ix_face_review_change_id", "face_review", ["change_id"])
    _restrict((*_ANSWERS, "withdrawn"))
    op.create_table(
        "review_draw",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("by_expression", sa.Boolean(), nullable=False),
        sa.Column("populations", postgresql.ARRAY(sa.Integer()), nullable=False),
        _now("drawn_at"),
        _job("review_draw"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_draw")),
        sa.UniqueConstraint("public_id", name=op.f("uq_review_draw_public_id")),
    )
    op.create_index("ix_review_draw_job_id", "review_draw", ["job_id"])
    op.create_table(
        "review_draw_face",
        sa.Column("draw_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("face_index", sa.SmallInteger(), nullable=False),
        sa.Column("expression", sa.SmallInteger(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["draw_id"],
            ["review_draw.id"],
            name=op.f("fk_review_draw_face_draw_id_review_draw"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["item.id"],
            name=op.f("fk_review_draw_face_item_id_item"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("draw_id", "place", name=op.f("pk_review_draw_face")),
    )
    op.create_index("ix_review_draw_face_item_id", "review_draw_face", ["item_id", "face_index"])
    op.add_column("erasure", sa.Column("reviews", sa.Integer(), nullable=True))
    op.add_column("erasure", sa.Column("draws", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("erasure", "draws")
    op.drop_column("erasure", "reviews")
    op.drop_table("review_draw_face")
    op.drop_table("review_draw")
    # A vote that was taken back would stand again without the word that takes it back.
    op.execute(
        "DELETE FROM face_review AS word USING face_review AS back"
        " WHERE back.answer = 'withdrawn' AND back.item_id = word.item_id"
        " AND back.face_index = word.face_index AND back.reviewer = word.reviewer"
        " AND back.version >= word.version"
    )
    _restrict(_ANSWERS)
    op.drop_index("ix_face_review_change_id", "face_review")
    op.drop_column("face_review", "change_id")
    op.drop_column("face_review", "note")
    op.drop_table("review_change")


def _restrict(answers: Sequence[str]) -> None:
    known = ", ".join(f"'{answer}'" for answer in answers)
    op.drop_constraint(op.f("ck_face_review_answer"), "face_review")
    op.create_check_constraint(op.f("ck_face_review_answer"), "face_review", f"answer IN ({known})")


def _now(name: str) -> sa.Column[object]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def _job(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_job_id_job")
    return sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=name, ondelete="CASCADE")

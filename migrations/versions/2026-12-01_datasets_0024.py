"""Data sets made of reviews: versions, their faces, and the faces that are kept to train on.

Revision: 0024, after 0023. Made on 2026-12-01.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_NOW = sa.text("now()")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "training_crop",
        sa.Column("item_public_id", sa.Uuid(), nullable=False),
        sa.Column("face_index", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("job_public_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("byte_count", sa.Integer(), nullable=False),
        sa.Column("look", sa.LargeBinary(), nullable=False),
        sa.Column("roll", sa.Float(), nullable=True),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("item_public_id", "face_index", name=op.f("pk_training_crop")),
    )
    op.create_index("ix_training_crop_job", "training_crop", ["job_public_id"])
    op.create_index("ix_training_crop_created_at", "training_crop", ["created_at"])
    op.create_index(
        "ix_job_training",
        "job",
        ["id"],
        postgresql_where=sa.text("inputs_erased_at IS NULL AND options ? 'keep_for_training'"),
    )
    op.add_column("erasure", sa.Column("training_faces", sa.Integer(), nullable=True))
    op.create_table(
        "dataset",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), server_default="building", nullable=False),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("asked", postgresql.JSONB(), nullable=False),
        sa.Column("left_out", postgresql.JSONB(), nullable=False),
        sa.Column("faces", sa.Integer(), nullable=False),
        sa.Column("erased", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("thinned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('building', 'ready', 'failed')", name=op.f("ck_dataset_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset")),
        sa.UniqueConstraint("public_id", name=op.f("uq_dataset_public_id")),
        sa.UniqueConstraint(
            "tenant", "name", "version", name=op.f("uq_dataset_tenant_name_version")
        ),
    )
    op.create_index(
        "ix_dataset_building",
        "dataset",
        ["id"],
        postgresql_where=sa.text("state = 'building'"),
    )
    op.create_table(
        "dataset_face",
        sa.Column("dataset_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("item_public_id", sa.Uuid(), nullable=False),
        sa.Column("face_index", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("job_public_id", sa.Uuid(), nullable=False),
        sa.Column("photo_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("votes", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("testable", sa.Boolean(), nullable=False),
        sa.Column("side", sa.String(), nullable=True),
        sa.Column("group_number", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset_id"],
            ["dataset.id"],
            name=op.f("fk_dataset_face_dataset_id_dataset"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "dataset_id", "item_public_id", "face_index", name=op.f("pk_dataset_face")
        ),
    )
    op.create_index("ix_dataset_face_job", "dataset_face", ["job_public_id"])
    op.create_index("ix_dataset_face_crop", "dataset_face", ["item_public_id", "face_index"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("dataset_face")
    op.drop_table("dataset")
    op.drop_column("erasure", "training_faces")
    op.drop_index("ix_job_training", table_name="job")
    op.drop_table("training_crop")

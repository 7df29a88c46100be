"""Pauses of an event's timer: what was nobody's time."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("events", sa.Column("pauses", sa.JSON, nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("events", "pauses")

"""Accounts of a pool that nobody is handed until they have been emptied."""

import sqlalchemy as sa
from alembic import op

from workshop.models import Moment

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "kept_out",
        sa.Column("backend", sa.String(40), primary_key=True),
        sa.Column("account", sa.String(12), primary_key=True),
        sa.Column("since", Moment, nullable=False),
        sa.Column("again", Moment, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("kept_out")

"""How often a login was tried, and which events a worker is taking away for good."""

import sqlalchemy as sa
from alembic import op

from workshop.models import Moment

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("events", sa.Column("purging", Moment))
    op.create_table(
        "attempts",
        sa.Column("login", sa.String(64), primary_key=True),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("until", Moment, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("attempts")
    op.drop_column("events", "purging")

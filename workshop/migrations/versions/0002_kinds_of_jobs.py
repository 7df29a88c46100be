"""Jobs of several kinds, what they did, when each step was last looked at, and each account's budget."""

import sqlalchemy as sa
from alembic import op

from workshop.models import Moment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("kind", sa.String(16), nullable=False, server_default="do"))
    op.add_column("jobs", sa.Column("stopping", Moment))
    op.add_column("lines", sa.Column("slug", sa.String(80), nullable=False, server_default=""))
    op.create_table(
        "deeds",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("job", sa.String(36), sa.ForeignKey("jobs.id"), nullable=False, index=True),
        sa.Column("slug", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("command", sa.Text, nullable=False),
    )
    op.create_table(
        "sights",
        sa.Column("enrolment", sa.Integer, sa.ForeignKey("enrolments.id"), primary_key=True),
        sa.Column("slug", sa.String(80), primary_key=True),
        sa.Column("at", Moment, nullable=False),
        sa.Column("still", sa.Integer, nullable=False),
    )
    op.create_table(
        "budgets",
        sa.Column("account", sa.String(12), primary_key=True),
        sa.Column("calls", sa.Float, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("until", Moment, nullable=False),
        sa.Column("strikes", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    for table in ("budgets", "sights", "deeds"):
        op.drop_table(table)
    op.drop_column("lines", "slug")
    op.drop_column("jobs", "stopping")
    op.drop_column("jobs", "kind")

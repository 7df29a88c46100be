"""The first tables: who joined, what happened, jobs with their lines, workers."""

import sqlalchemy as sa
from alembic import op

from workshop.models import Moment

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "enrolments",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("handle", sa.String(32), nullable=False, unique=True),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("ticket", sa.String(64), nullable=False, unique=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("keys", sa.Text, nullable=False),
        sa.Column("joined", Moment, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "happenings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("enrolment", sa.Integer, sa.ForeignKey("enrolments.id"), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("slug", sa.String(80), nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
    )
    op.create_index("happenings_of_a_step", "happenings", ["enrolment", "slug", "kind", "id"])
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("enrolment", sa.Integer, sa.ForeignKey("enrolments.id"), nullable=False),
        sa.Column("slug", sa.String(80), nullable=False),
        sa.Column("asked", Moment, nullable=False),
        sa.Column("queued", Moment),
        sa.Column("ended", Moment),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("hint", sa.Text, nullable=False),
    )
    op.create_index("jobs_of_a_step", "jobs", ["enrolment", "slug", "asked"])
    is_open = sa.text("ended IS NULL")
    op.create_index(
        "one_open_job_each",
        "jobs",
        ["enrolment"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_table(
        "lines",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("job", sa.String(36), sa.ForeignKey("jobs.id"), nullable=False, index=True),
        sa.Column("at", Moment, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.String(80), primary_key=True),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("seen", Moment, nullable=False),
    )


def downgrade() -> None:
    for table in ("workers", "lines", "jobs", "happenings", "enrolments"):
        op.drop_table(table)

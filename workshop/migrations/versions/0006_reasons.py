"""Why a facilitator had a job done, and which jobs were asked for in one go."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("reason", sa.Text, nullable=False, server_default=""))
    op.add_column("jobs", sa.Column("batch", sa.String(36), nullable=False, server_default=""))
    op.create_index("ix_jobs_batch", "jobs", ["batch"])


def downgrade() -> None:
    op.drop_index("ix_jobs_batch", "jobs")
    op.drop_column("jobs", "batch")
    op.drop_column("jobs", "reason")

"""How far each hook has read the record; one delivery for each kind of news of one thing."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("hooks", sa.Column("upto", sa.Integer, nullable=False, server_default="0"))
    op.drop_index("one_delivery_each", "deliveries")
    op.create_index("one_delivery_each", "deliveries", ["hook", "kind", "happening"], unique=True)
    waiting = sa.text("ended IS NULL")
    op.create_index(
        "deliveries_waiting",
        "deliveries",
        ["hook", "due"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )


def downgrade() -> None:
    op.drop_index("deliveries_waiting", "deliveries")
    op.drop_index("one_delivery_each", "deliveries")
    op.create_index("one_delivery_each", "deliveries", ["hook", "happening"], unique=True)
    op.drop_column("hooks", "upto")

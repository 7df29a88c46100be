"""Events and what belongs to them; attendees of one or of none; looks that a board can read."""

import sqlalchemy as sa
from alembic import op

from workshop.models import Moment

revision = "0003"
down_revision = "0002"

NEW = ("deliveries", "hooks", "notes", "hands", "audits", "staff", "facilitators", "presences", "backends")


def upgrade() -> None:
    _events()
    _enrolments()
    for name in ("by", "found"):
        op.add_column("happenings", sa.Column(name, sa.String(16), nullable=False, server_default=""))
    op.add_column("happenings", sa.Column("claim", sa.Text, nullable=False, server_default=""))
    op.add_column("jobs", sa.Column("facilitator", sa.Integer))
    _people()
    _help()
    _hooks()


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.String(32), nullable=False, unique=True),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("made", Moment, nullable=False),
        sa.Column("starts", Moment, nullable=False),
        sa.Column("ends", Moment, nullable=False),
        sa.Column("region", sa.String(32), nullable=False),
        sa.Column("prefix", sa.String(16), nullable=False),
        sa.Column("chapters", sa.JSON, nullable=False),
        sa.Column("gated", sa.Boolean, nullable=False),
        sa.Column("capacity", sa.Integer, nullable=False),
        sa.Column("welcome", sa.Text, nullable=False),
        sa.Column("backends", sa.JSON, nullable=False),
        sa.Column("invited_only", sa.Boolean, nullable=False),
        sa.Column("closed", Moment),
        sa.Column("archived", Moment),
        sa.Column("deleted", Moment),
        sa.Column("timer_seconds", sa.Integer, nullable=False),
        sa.Column("timer_used", sa.Float, nullable=False),
        sa.Column("timer_since", Moment),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "gates",
        sa.Column("event", sa.Integer, sa.ForeignKey("events.id"), primary_key=True),
        sa.Column("chapter", sa.String(120), primary_key=True),
        sa.Column("open", sa.Boolean, nullable=False),
    )
    op.create_table(
        "invites",
        sa.Column("event", sa.Integer, sa.ForeignKey("events.id"), primary_key=True),
        sa.Column("handle", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(120), nullable=False),
    )


def _enrolments() -> None:
    """A handle is no longer unique in the whole installation, but in its event."""
    unique = "enrolments_handle_key"
    names = {"uq": "enrolments_%(column_0_name)s_key"}  # SQLite has not named it
    with op.batch_alter_table(
        "enrolments", naming_convention=names, table_kwargs={"sqlite_autoincrement": True}
    ) as table:
        table.drop_constraint(unique, type_="unique")
        table.add_column(sa.Column("event", sa.Integer))
        table.add_column(sa.Column("backend", sa.String(40), nullable=False, server_default=""))
        table.create_foreign_key("enrolments_event_fkey", "events", ["event"], ["id"])
    op.create_index("one_handle_each", "enrolments", ["event", "handle"], unique=True)
    op.create_index("one_account_each", "enrolments", ["backend", "account"], unique=True)
    alone = sa.text("event IS NULL")
    op.create_index(
        "one_handle_alone", "enrolments", ["handle"], unique=True, sqlite_where=alone, postgresql_where=alone
    )


def _people() -> None:
    op.create_table(
        "presences",
        sa.Column("enrolment", sa.Integer, sa.ForeignKey("enrolments.id"), primary_key=True),
        sa.Column("seen", Moment, nullable=False),
        sa.Column("slug", sa.String(80), nullable=False),
    )
    op.create_table(
        "facilitators",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("login", sa.String(120), nullable=False, unique=True),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("password", sa.Text, nullable=False),
        sa.Column("subject", sa.String(255), unique=True),
        sa.Column("owner", sa.Boolean, nullable=False),
        sa.Column("made", Moment, nullable=False),
        sa.Column("ended", Moment),
    )
    op.create_table(
        "staff",
        sa.Column("event", sa.Integer, sa.ForeignKey("events.id"), primary_key=True),
        sa.Column("facilitator", sa.Integer, sa.ForeignKey("facilitators.id"), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
    )
    op.create_table(
        "audits",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", Moment, nullable=False),
        sa.Column("facilitator", sa.Integer, sa.ForeignKey("facilitators.id")),
        sa.Column("event", sa.Integer, index=True),
        sa.Column("enrolment", sa.Integer),
        sa.Column("what", sa.String(40), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
    )


def _help() -> None:
    op.create_table(
        "hands",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("event", sa.Integer, sa.ForeignKey("events.id"), nullable=False, index=True),
        sa.Column("enrolment", sa.Integer, sa.ForeignKey("enrolments.id"), nullable=False),
        sa.Column("slug", sa.String(80), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("evidence", sa.JSON, nullable=False),
        sa.Column("raised", Moment, nullable=False),
        sa.Column("taken", Moment),
        sa.Column("taker", sa.Integer, sa.ForeignKey("facilitators.id")),
        sa.Column("ended", Moment),
        sa.Column("outcome", sa.String(16), nullable=False),
    )
    is_open = sa.text("ended IS NULL")
    op.create_index(
        "one_open_hand_each",
        "hands",
        ["enrolment"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_table(
        "notes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("event", sa.Integer, sa.ForeignKey("events.id"), nullable=False, index=True),
        sa.Column("enrolment", sa.Integer, sa.ForeignKey("enrolments.id"), index=True),
        sa.Column("facilitator", sa.Integer, sa.ForeignKey("facilitators.id")),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("slug", sa.String(80), nullable=False),
        sa.Column("help", sa.String(16), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("ended", Moment),
        sa.Column("outcome", sa.String(16), nullable=False),
    )


def _hooks() -> None:
    op.create_table(
        "hooks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("event", sa.Integer, sa.ForeignKey("events.id"), nullable=False, index=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("kinds", sa.JSON, nullable=False),
        sa.Column("made", Moment, nullable=False),
        sa.Column("ended", Moment),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("hook", sa.Integer, sa.ForeignKey("hooks.id"), nullable=False),
        sa.Column("happening", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("due", Moment, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("ended", Moment),
    )
    op.create_index("one_delivery_each", "deliveries", ["hook", "happening"], unique=True)
    op.create_table(
        "backends",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("seen", Moment),
        sa.Column("down", Moment),
        sa.Column("words", sa.Text, nullable=False),
    )


def downgrade() -> None:
    for name in NEW:
        op.drop_table(name)
    op.drop_column("jobs", "facilitator")
    for column in ("claim", "found", "by"):
        op.drop_column("happenings", column)
    for index in ("one_handle_alone", "one_account_each", "one_handle_each"):
        op.drop_index(index, "enrolments")
    with op.batch_alter_table("enrolments", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.drop_constraint("enrolments_event_fkey", type_="foreignkey")
        table.drop_column("backend")
        table.drop_column("event")
        table.create_unique_constraint("enrolments_handle_key", ["handle"])
    for name in ("invites", "gates", "events"):
        op.drop_table(name)

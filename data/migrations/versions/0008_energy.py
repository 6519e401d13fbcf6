"""energy."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "emission_factors",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("valid_from_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("grams_per_kwh", sa.Float(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "version", name=op.f("pk_emission_factors")),
    )
    op.create_table(
        "energy_tariffs",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("valid_from_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("bands", sa.Text(), nullable=False),
        sa.Column("peak_cents_per_kw", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "version", name=op.f("pk_energy_tariffs")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("energy_tariffs")
    op.drop_table("emission_factors")

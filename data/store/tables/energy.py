"""What energy costs and what it emits, in versions: who set them, from when on, and why; demand in blocks."""

from sqlalchemy import Column, LargeBinary, Table

from data.store.tables.base import metadata, number, text, us, whole

energy_tariffs = Table(
    "energy_tariffs",
    metadata,
    text("site_id", key=True),
    whole("version", key=True),
    us("valid_from_us"),
    us("valid_to_us", null=True),
    text("name"),
    text("bands"),  # JSON of domain.energy.Band, first fitting counts
    whole("peak_cents_per_kw"),  # a month, for its highest quarter hour
    text("set_by"),
    us("set_wall_us"),
    text("reason"),
)
emission_factors = Table(
    "emission_factors",
    metadata,
    text("site_id", key=True),
    whole("version", key=True),
    us("valid_from_us"),
    number("grams_per_kwh"),
    text("source"),  # who published it
    text("set_by"),
    us("set_wall_us"),
    text("reason"),
)
# A UTC day of a machine by quarter hour up to `upto_us`, packed (services.energy.buckets.QUARTER).
energy_blocks = Table(
    "energy_blocks",
    metadata,
    text("equipment_id", key=True),
    us("block_us", key=True),
    us("upto_us"),
    Column("packed", LargeBinary, nullable=False),
)
# Blocks under which a fact has changed: they are packed anew.
energy_stale = Table(
    "energy_stale",
    metadata,
    text("equipment_id", key=True),
    us("block_us", key=True),
)

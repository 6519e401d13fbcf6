"""Which process takes in which part of the plant."""

from sqlalchemy import Table

from data.store.tables.base import metadata, text, us, whole

# One row a part. A batch is stored only by who holds the token; until `until_wall_us` nobody else takes it.
ingest_parts = Table(
    "ingest_parts",
    metadata,
    whole("part", key=True),
    whole("parts"),  # into how many the holder divides the plant
    text("token"),  # empty: nobody holds it
    text("place"),  # of the holder: machine and process space
    whole("pid"),
    us("until_wall_us"),
    us("taken_wall_us"),
    whole("home"),  # the part that the holder is there for; another one: it stands in
    us("asked_wall_us"),  # the process that is there for it wants it back
)

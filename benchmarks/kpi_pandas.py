"""The peer: the same cells in plain pandas, read from the same database, as one would write it."""

from typing import Any

import numpy as np
import pandas as pd

from data.store.database import Database
from services.kpi.grid import Cell

MINOR_US = 300_000_000
SILENCE_US = 900_000_000


def cells(database: Database, grids: dict[str, list[Cell]], end_us: int) -> pd.DataFrame:
    """Microseconds per leaf, parts and planned run time per machine, cell and order."""
    with database.read() as tx:
        states = pd.read_sql("SELECT equipment_id AS unit, source_us AS at, state FROM states", tx)
        counts = pd.read_sql(
            "SELECT equipment_id AS unit, bucket_us AS at, good, scrap, energy_kwh, resets FROM counts", tx
        )
        operations = pd.read_sql(
            "SELECT equipment_id AS unit, start_us AS at, setup_end_us, order_id FROM operations", tx
        )
        breaks = pd.read_sql("SELECT line_id AS line, break_start_us AS at, break_s FROM shifts", tx)
    cell = pd.concat(
        pd.DataFrame(
            {"line": line, "at": [c.from_us for c in grid], "in_shift": [c.shift != "" for c in grid]}
        )
        for line, grid in grids.items()
    )
    cell["cell"] = cell["at"]
    times = _times(states, operations, breaks, cell, end_us)
    return times.join(_parts(counts, operations, cell), how="outer").fillna(0)


def _per_unit(frame: pd.DataFrame, units: pd.Series) -> pd.DataFrame:
    lines = pd.DataFrame({"unit": units.unique()})
    lines["line"] = lines["unit"].str.rsplit("/", n=1).str[0]
    return lines.merge(frame, on="line").drop(columns="line")


def _times(
    states: pd.DataFrame, operations: pd.DataFrame, breaks: pd.DataFrame, cell: pd.DataFrame, end_us: int
) -> pd.DataFrame:
    begin = breaks.assign(on=1.0)[["line", "at", "on"]]
    over = breaks.assign(at=breaks["at"] + breaks["break_s"] * 1_000_000, on=0.0)[["line", "at", "on"]]
    ended = operations[["unit", "setup_end_us"]].rename(columns={"setup_end_us": "at"})
    events = pd.concat(
        [
            states,
            operations,
            ended,
            _per_unit(pd.concat([begin, over]), states["unit"]),
            _per_unit(cell, states["unit"]),
        ],
        ignore_index=True,
    ).sort_values(["unit", "at"], kind="stable")
    events = events.groupby(["unit", "at"], sort=False).last()
    filled = events.groupby(level="unit").ffill().reset_index()
    filled["to"] = filled.groupby("unit")["at"].shift(-1).fillna(end_us).astype("int64")
    filled = filled[(filled["at"] < filled["to"]) & (filled["at"] < end_us) & filled["cell"].notna()]
    filled["us"] = filled["to"].clip(upper=end_us) - filled["at"]
    filled["leaf"] = _leaves(filled)
    filled["order_id"] = filled["order_id"].fillna("")
    return filled.pivot_table(
        index=["unit", "cell", "order_id"], columns="leaf", values="us", aggfunc="sum", fill_value=0
    )


def _leaves(f: pd.DataFrame) -> Any:
    running, on = f["state"] == 6, f["on"] == 1
    return np.select(
        [
            ~running & (f["in_shift"] == False),  # noqa: E712
            ~running & on,
            f["state"].isna(),
            f["at"] < f["setup_end_us"],
            running,
            f["order_id"].isna() | f["state"].isin([5, 4]),
        ],
        ["outside", "planned", "no_data", "setup", "production", "delay"],
        "down",
    )


def _parts(counts: pd.DataFrame, operations: pd.DataFrame, cell: pd.DataFrame) -> pd.DataFrame:
    counts = counts.sort_values("at")
    grid = _per_unit(cell, counts["unit"]).sort_values("at")
    placed = pd.merge_asof(counts, grid[["unit", "at", "cell"]], on="at", by="unit")
    middle = placed.assign(at=placed["at"] + 150_000_000)
    which = operations[["unit", "at", "order_id"]].sort_values("at")
    placed = pd.merge_asof(middle, which, on="at", by="unit")
    placed["ideal_s"] = 30.0 * (placed["good"] + placed["scrap"])
    placed["order_id"] = placed["order_id"].fillna("")
    return placed.groupby(["unit", "cell", "order_id"])[["good", "scrap", "ideal_s", "energy_kwh"]].sum()

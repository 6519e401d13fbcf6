"""Utilisation, throughput, lead time, scrap and rework of a log, against plain pandas.

The real log is "Production Analysis with Process Mining Technology" (4TU, 2014): a shop floor from
January to March 2012. It lies beside the repository; the hand-made one is always there.
"""

import csv
import os
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from domain.clock import HOUR, micros
from domain.event_log import Event, by_case, by_resource
from domain.kpi import figures

FOLDER = (
    Path(os.environ.get("TAKTWISE_DATASETS", Path(__file__).resolve().parents[2].parent / "shared/datasets"))
    / "production_log_4tu"
)
STAMP = "%Y/%m/%d %H:%M:%S"

HAND_MADE = [
    Event("A", "M1", 0, 2 * HOUR, 10, 1, 0),
    Event("A", "M2", 3 * HOUR, 5 * HOUR, 9, 1, 2),
    Event("B", "M1", HOUR, 3 * HOUR, 5, 0, 0),  # overlaps the first on M1 by an hour
    Event("B", "M2", 5 * HOUR, 5 * HOUR, 0, 0, 1),  # no time at all
    Event("C", "M1", 6 * HOUR, 7 * HOUR, 0, 4, 0),
]


def test_a_log_made_by_hand() -> None:
    found = by_resource(HAND_MADE, 0, 8 * HOUR)
    one, two = figures(found["M1"]), figures(found["M2"])
    assert (one.availability, two.availability) == (4 / 8, 2 / 8)
    assert (one.scrap_ratio, two.rework_ratio) == (5 / 20, 3 / 10)
    assert one.throughput_per_hour == 20 / 8
    cases = by_case(HAND_MADE)
    assert {case: f.lead_us // HOUR for case, f in cases.items()} == {"A": 5, "B": 4, "C": 1}
    assert cases["A"].allocation_ratio == 4 / 5


def test_the_hand_made_log_against_pandas() -> None:
    compare(HAND_MADE, 0, 8 * HOUR)


def compare(events: list[Event], from_us: int, to_us: int) -> None:
    """Every figure of every resource and case, ours and those of plain pandas."""
    log = pd.DataFrame([e._asdict() for e in events])
    log = log.sort_values(["resource", "from_us"])
    before = log.groupby("resource")["to_us"].transform(lambda s: s.cummax().shift(fill_value=from_us))
    log["alone"] = (log["to_us"] - log[["from_us"]].assign(b=before).max(axis=1)).clip(lower=0)
    sums = log.groupby("resource")[["alone", "good", "scrap", "rework"]].sum()
    ours = {resource: figures(m) for resource, m in by_resource(events, from_us, to_us).items()}
    assert set(ours) == set(sums.index)
    for resource, row in sums.iterrows():
        f, made = ours[resource], row["good"] + row["scrap"]
        assert f.availability == pytest.approx(row["alone"] / (to_us - from_us))
        assert f.throughput_per_hour == pytest.approx(made / ((to_us - from_us) / HOUR))
        if made:
            assert f.scrap_ratio == pytest.approx(row["scrap"] / made)
            assert f.rework_ratio == pytest.approx(row["rework"] / made)
        else:
            assert f.scrap_ratio is None
    by = log.groupby("case_id")
    lead = by["to_us"].max() - by["from_us"].min()
    assert {case: f.lead_us for case, f in by_case(events).items()} == lead.to_dict()


def at(text: str) -> int:
    return micros(datetime.strptime(text, STAMP).replace(tzinfo=UTC))


def rows(name: str) -> list[dict[str, str]]:
    if not FOLDER.exists():
        pytest.skip(f"the log is not there: {FOLDER}")
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_times_of_the_real_log() -> None:
    events = [
        Event(r["case_id"], r["resource"], at(r["start_timestamp"]), at(r["timestamp"]), 1.0)
        for r in rows("cases_started_before_0220.csv")
    ]
    assert len(events) == 3224
    compare(events, min(e.from_us for e in events), max(e.to_us for e in events))


def test_the_quantities_of_the_real_log() -> None:
    """Its clock times are damaged, its spans are not: each machine's jobs are laid end to end."""
    free: dict[str, int] = {}
    events = []
    for r in rows("quantities_rows.csv"):
        day, _, clock = r["Span"].rpartition(" ")  # one span became a date: 1899/12/31 is a day more
        hours, minutes = clock.split(":")[:2]
        hours = str(int(hours) + 24 * bool(day))
        begin = free.get(r["Resource"], 0)
        free[r["Resource"]] = end = begin + (int(hours) * 60 + int(minutes)) * HOUR // 60
        good, scrap = float(r["Qty Completed"]), float(r["Qty Rejected"])
        rework = good if r["Rework"] == "Y" else 0.0
        events.append(Event(r["Case ID"], r["Resource"], begin, end, good, scrap, rework))
    assert len(events) == 3250
    assert sum(e.scrap for e in events) > 0
    assert sum(e.rework for e in events) > 0
    compare(events, 0, max(free.values()))

import json
from dataclasses import asdict

import pytest
from pypdf import PdfReader
from sqlalchemy import delete, insert, update

from data.store import tables as t
from domain.clock import DAY, HOUR, MINUTE
from services.backtest import pdf
from services.backtest.asof import book_of
from services.backtest.replay import replay
from services.backtest.run import Stretch, backtest
from services.score.inputs import Unit
from tests.services.score.plant import SITE, START_US, add_readings, add_site, served, unit_id

END = START_US + 4 * DAY
MIDDLE = START_US + 3 * DAY


@pytest.fixture
def model(database, tmp_path):
    """Two machines, four days; the second turns bad after 38 hours, and again at the end."""
    add_site(database, [11, 12])
    add_readings(database, 11, START_US, END)
    add_readings(database, 12, START_US, START_US + 38 * HOUR)
    add_readings(database, 12, START_US + 38 * HOUR, END, lift=8, running=False)
    with database.write() as tx:
        row = {"time_zone": "Europe/Berlin", "currency": "EUR", "name": "x", "shadow": False}
        tx.execute(update(t.sites).values(**row))
        for cause, part in (("bearing", "P1"), ("overheating", "P2")):
            values = {"machine_type": "cnc", "cause": cause, "part_id": part, "task": "Replace", "skill": "s"}
            tx.execute(insert(t.parts_of_machines).values(**values, duration_s=3_600, inspect_s=600))
        rates = {
            "equipment_id": SITE, "downtime_cents_per_hour": 90_000, "labour_cents_per_hour": 6_500,
            "unplanned_factor": 4.0, "call_out_s": 7_200, "collateral_cents": 500_000,
            "emergency_delivery_s": 86_400, "alarm_catches": 0.1, "alarm_lead_s": 3_600,
            "inspection_finds": 0.9, "inspection_misleads": 0.1,
        }  # fmt: skip
        tx.execute(insert(t.cost_rates).values(**rates))
    return served(database, tmp_path / "model")


def maintenance(database, number, kind, start_us, end_us, finding):
    row = {
        "instance": "line-1", "maintenance_id": f"{kind}-{start_us}", "equipment_id": unit_id(number),
        "kind": kind, "status": "done", "planned_us": start_us, "start_us": start_us, "end_us": end_us,
        "finding": finding, "cause": "bearing", "updated_us": end_us,
    }  # fmt: skip
    with database.write() as tx:
        tx.execute(insert(t.maintenance).values(**row))


def replayed(database, model, number, to_us):
    unit = Unit(unit_id(number), "cnc")
    with database.read() as tx:
        return replay(tx, model, book_of(tx, SITE, unit, to_us), START_US, to_us)


def until(found, moment_us):
    """What was said up to a moment: openings, and for each whether it had ended by then."""
    return [
        {**asdict(case), "end_us": min(case.end_us, moment_us), "peak": 0}
        for case in found.advised
        if case.at_us <= moment_us
    ]


def test_mutilating_the_future_changes_nothing_before_it(database, model) -> None:
    before = replayed(database, model, 12, END)
    assert before.advised and before.advised[0].at_us < MIDDLE, "the story needs a case before the middle"
    with database.write() as tx:
        after = t.readings.c.source_us > MIDDLE
        tx.execute(update(t.readings).where(after, t.readings.c.metric_id % 2 == 0).values(value=-40.0))
        tx.execute(delete(t.readings).where(after, t.readings.c.metric_id % 2 == 1))
        state = {"equipment_id": unit_id(12), "state": 2, "mode": 1, "receive_us": END}
        tx.execute(insert(t.states).values(**state, source_us=MIDDLE + HOUR))
        shift = {
            "instance": "line-1",
            "shift_id": "late",
            "line_id": unit_id(12).rpartition("/")[0],
            "name": "x",
        }
        tx.execute(
            insert(t.shifts).values(
                **shift,
                start_us=START_US,
                end_us=END + DAY,
                break_s=0,
                frozen_us=MIDDLE + MINUTE,
                updated_us=END,
            )
        )
    maintenance(database, 12, "corrective", MIDDLE + HOUR, MIDDLE + 3 * HOUR, "failed")
    mutilated = replayed(database, model, 12, END)
    assert until(mutilated, MIDDLE) == until(before, MIDDLE)
    assert until(replayed(database, model, 12, MIDDLE), MIDDLE) == until(before, MIDDLE)
    assert mutilated.unknown != before.unknown or mutilated.above != before.above, (
        "the future was not touched"
    )


def test_hits_misses_and_false_cases_with_lead_and_money(database, model, tmp_path) -> None:
    opened = replayed(database, model, 12, END).advised[0].at_us
    stretch = Stretch(SITE, START_US, END)
    alone = backtest(database, model, stretch, tmp_path / "a")
    assert (alone["hits"], alone["failures"]) == (0, 0) and alone["cases"] >= 1
    maintenance(database, 12, "corrective", opened + 6 * HOUR, opened + 9 * HOUR, "failed")
    maintenance(database, 11, "corrective", START_US + 60 * HOUR, START_US + 63 * HOUR, "failed")
    found = backtest(database, model, stretch, tmp_path / "b")
    assert (found["failures"], found["failures_caught"], found["misses"]) == (2, 1, 1)
    assert found["hits"] == 1 and found["lead_h_median"] == 6.0
    hit = next(case for case in found["cases_list"] if case["verdict"] == "hit")
    assert hit["saved_cents"] > 0
    assert sum(m["cases"] for m in found["months"]) == found["cases"]
    assert any("No shifts are known" in gap for gap in found["readiness_gaps"])
    text = "".join(page.extract_text() for page in PdfReader(_file(tmp_path, pdf.write(found))).pages)
    assert "Of 2 failures 1 would have been announced" in text and "By month" in text


def test_a_stopped_run_goes_on_where_it_was(database, model, tmp_path) -> None:
    class Stopped(Exception):
        pass

    def after_one(_share: float) -> None:
        raise Stopped

    stretch = Stretch(SITE, START_US, END)
    with pytest.raises(Stopped):
        backtest(database, model, stretch, tmp_path, after_one)
    notes = next(tmp_path.glob("*.jsonl"))
    first = notes.read_text()
    assert len(first.splitlines()) == 1
    notes.write_text(first + first[: len(first) // 2])  # killed in the middle of a line
    found = backtest(database, model, stretch, tmp_path)
    assert found["machines"] == 2
    lines = notes.read_text().splitlines()
    assert lines[0] == first.strip() and len(lines) == 2
    assert [json.loads(line)["equipment_id"] for line in lines] == [unit_id(11), unit_id(12)]


def _file(folder, data: bytes):
    path = folder / "report.pdf"
    path.write_bytes(data)
    return path

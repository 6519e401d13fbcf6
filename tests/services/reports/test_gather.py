"""What a report says equals what was put in."""

import pytest

from data.store import tables as t
from domain.clock import HOUR, Clock, wall_us
from domain.errors import NotFound
from services import clocks
from services.kpi import dirty
from services.kpi.keeping import Keeper
from services.rows.reports import Answer
from tests import factories as f
from tests.services.reports import plant


def test_the_figures_are_those_of_the_day(place):
    report = place.report()
    line = report.lines[0]
    # 23 h x 12 buckets x 10 parts a 27 s = 20.7 h of 23 h running; every tenth part of the constraint is
    # scrap, and the machine after it scraps 276 more
    made = 23 * 12 * 10
    assert (line.oee.produced, line.oee.good) == (made, made * 0.9 - 23 * 12)
    assert line.oee.availability == pytest.approx(23 / 24)
    assert line.oee.effectiveness == pytest.approx(made * 27 / 3600 / 23)
    assert line.oee.oee == pytest.approx(made * 0.8 * 27 / 3600 / 24)
    assert report.whole == line.oee and report.target == 0.8
    assert report.energy_kwh == pytest.approx(24 * 12 * 0.5 * 2)
    assert report.provisional == ()
    assert {row.name for row in report.machines} == {plant.EVIL, "S\u00e4ge 12"}


def test_the_waterfall_leads_from_the_calendar_to_good_parts(place):
    steps = {step.name: step for step in place.report().waterfall}
    lost = sum(step.hours for step in steps.values() if step.kind == "loss")
    assert steps["Calendar time"].hours == 24
    assert steps["Failures"].hours == 1
    assert steps["Calendar time"].hours - lost == pytest.approx(steps["Good parts"].hours)
    assert steps["Good parts"].hours == pytest.approx(23 * 12 * 8 * 27 / 3600)


def test_losses_have_minutes_and_money(place):
    losses = {loss.name: loss for loss in place.report().losses}
    assert losses["Equipment failure"].minutes == pytest.approx(60)
    assert losses["Equipment failure"].cents == 45_000
    assert losses["Reduced speed"].minutes == pytest.approx(60 * (23 - 20.7))


def test_stops_output_and_decisions(place):
    report = place.report()
    assert [(s.machine, s.reason, s.minutes, s.cents) for s in report.stops] == [
        (plant.EVIL, "Breakdown", 60, 45_000),
        ("S\u00e4ge 12", "Breakdown", 60, 45_000),
    ]
    assert [(o.product, o.good, o.scrap) for o in report.output] == [("Geh\u00e4use +1", 2484, 276)]
    case = report.decisions[0]
    assert (case.number, case.decided_by, case.state) == (77, "Mia K\u00f6nig", "accepted")
    assert [(a.queue, a.status, a.detail) for a in case.answers] == [
        ("mes.line-1", "accepted", ""),
        ("erp.stock", "refused", "none on hand"),
    ]
    assert isinstance(case.answers[0], Answer)


def test_a_case_decided_at_the_end_belongs_to_the_next_period(place):
    with place.database.write() as tx:
        f.case(
            tx, number=78, state="rejected", decided_by="x", decided_us=plant.DAY_BEFORE.to_us, open_key=None
        )
    assert [d.number for d in place.report().decisions] == [77]


def test_a_shift_report_covers_its_shift(place):
    report = place.report(plant.shift_of(1))
    assert report.waterfall[0].hours == 8
    assert report.whole.produced == 8 * 12 * 10 and not report.stops


def test_what_may_change_is_marked(place):
    with place.database.write() as tx:
        plant.stop(tx, plant.FIRST, f.NOW - 20 * HOUR, f.NOW - 19 * HOUR, " ")
        plant.stop(tx, plant.LAST, f.NOW - 18 * HOUR, None, "Repair")
    during = plant.DAY_BEFORE.from_us + 20 * HOUR
    assert place.report().provisional == ("1 stop has no reason yet", "1 stop has not ended")
    assert place.report(now_us=during).provisional[0] == "the period is not over"
    assert place.report(now_us=during).waterfall[0].hours == 20


def test_a_stop_that_the_mes_does_not_know_wants_a_reason_too(place):
    d = t.downtimes.c
    with place.database.write() as tx:
        tx.execute(t.downtimes.delete().where(d.equipment_id == plant.LAST))
    assert place.report().provisional == ("1 stop has no reason yet",)
    with place.database.write() as tx:
        tx.execute(t.downtimes.delete())
    assert place.report().provisional == ("2 stops have no reason yet",)


def test_what_is_odd_about_its_machines_is_said_with_the_record(place):
    at = plant.DAY_BEFORE.from_us + 5 * HOUR
    with place.database.write() as tx:
        clocks.write(tx, "north", Clock(f.NOW, wall_us(), 1e-12))
        for unit, bucket in ((plant.LAST, at), (plant.FIRST, at), (plant.LAST, at + 12 * HOUR)):
            reset = (t.counts.c.equipment_id == unit) & (t.counts.c.bucket_us == bucket)
            tx.execute(t.counts.update().where(reset).values(resets=1.0))
    Keeper(place.database).turn()
    (said,) = (words for words in place.report().remarks if "was reset" in words)
    assert said.startswith(
        "S\u00e4ge 12: A counter fell: it was reset, and counts from zero. Record: counts from"
    )
    assert said.endswith("(2 more like this, on 2 machines)")
    assert not any("was reset" in words for words in place.report(plant.shift_of(1)).remarks)


def test_figures_stand_once_every_shift_is_closed(place):
    c = t.shift_closings.c
    with place.database.write() as tx:
        tx.execute(t.shift_closings.delete().where(c.shift == "Early"))
        tx.execute(t.shift_closings.update().where(c.shift == "Late").values(reopened_us=1))
        result = {"instance": "m", "result_id": "r", "equipment_id": plant.FIRST, "order_id": None}
        parts = {"at_us": plant.DAY_BEFORE.from_us, "good": 1, "scrap": 0, "rework": 0, "updated_us": 0}
        tx.execute(t.quality_results.insert().values(**result, **parts))
    assert place.report().provisional == ("2 shifts are not closed", "parts of 1 machine wait for inspection")


def test_figures_are_provisional_while_corrections_wait(place):
    day = plant.DAY_BEFORE
    with place.database.write() as tx:
        dirty.mark(
            tx,
            [(plant.FIRST, day.to_us, day.to_us + HOUR), ("south/forming/line-1/p", day.from_us, day.to_us)],
        )
    assert place.report().provisional == ()  # another day, another place
    with place.database.write() as tx:
        dirty.mark(tx, [(plant.FIRST, day.from_us + HOUR, day.from_us + 2 * HOUR)])
    assert place.report().provisional == ("corrections came that the figures do not hold yet",)


def test_a_gap_is_said(place):
    with place.database.write() as tx:
        tx.exec_driver_sql(
            "DELETE FROM counts WHERE bucket_us >= ? AND bucket_us < ?",
            (plant.DAY_BEFORE.from_us + 8 * HOUR, plant.DAY_BEFORE.from_us + 10 * HOUR),
        )
    said = place.report().provisional
    assert len(said) == 1 and said[0].endswith("of the planned time is without data")


def test_a_place_without_lines_has_no_report(place):
    with pytest.raises(NotFound):
        place.report(scope="north/forming")
    with pytest.raises(NotFound):
        place.report(scope="south")

"""KPIs against published worked examples, and what must hold for any measures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from domain.big_losses import six_big_losses
from domain.clock import HOUR, MINUTE, SECOND
from domain.kpi import (
    Measures,
    MinorModel,
    behind,
    figures,
    total,
    waterfall,
)
from domain.order_kpi import OrderTimes, adherence, order_figures
from domain.reliability import mtbf_interval

AVAILABILITY, PERFORMANCE = MinorModel.AVAILABILITY, MinorModel.PERFORMANCE


def vorne() -> Measures:
    """oee.com, "Calculating OEE" (Vorne): 420 min planned, 47 min stopped, 1.0 s a part, 19,271 parts,
    423 of them rejects: A 88.81 %, P 86.11 %, Q 97.80 %, OEE 74.79 %."""
    return Measures(
        planned_us=60 * MINUTE, down_us=47 * MINUTE, production_us=373 * MINUTE, failures=1,
        good=19_271 - 423, scrap=423, ideal_s=19_271.0, ideal_good_s=19_271.0 - 423,
    )  # fmt: skip


def nakajima() -> Measures:
    """Nakajima, "Introduction to TPM" (1988): 460 min loading time, of which 20 min breakdown, 20 min
    setup and 20 min adjustment; 0.5 min ideal cycle, 400 parts, 98 % good: OEE 42.6 %."""
    return Measures(
        planned_us=20 * MINUTE, down_us=20 * MINUTE, setup_us=40 * MINUTE, production_us=400 * MINUTE,
        failures=1, good=392, scrap=8, ideal_s=400 * 30.0, ideal_good_s=392 * 30.0,
    )  # fmt: skip


def test_vornes_shift() -> None:
    f = figures(vorne())
    assert f.availability == pytest.approx(0.8881, abs=5e-5)
    assert f.effectiveness == pytest.approx(0.8611, abs=5e-5)
    assert f.quality == pytest.approx(0.9780, abs=1e-4)
    assert f.oee == pytest.approx(0.7479, abs=5e-5)


def test_nakajimas_press() -> None:
    f = figures(nakajima())
    assert f.availability == pytest.approx(0.87, abs=5e-3)
    assert f.effectiveness == pytest.approx(0.50, abs=5e-4)
    assert f.quality == pytest.approx(0.98)
    assert f.oee == pytest.approx(0.426, abs=5e-4)


def test_nee_of_nakajimas_press_gives_its_setup_back() -> None:
    """ISO 22400-2: NEE = AUPT / PBT x effectiveness x quality; 440 of 460 min are setup or production.

    No published example was found that states a figure for NEE itself: the times, the effectiveness and the
    quality are Nakajima's, the figure follows from the formula."""
    f = figures(nakajima())
    assert f.nee == pytest.approx(440 / 460 * 0.5 * 0.98)
    assert f.setup_rate == pytest.approx(40 / 440)


def test_every_ratio_of_a_day_worked_by_hand() -> None:
    """ISO 22400-2 over 24 h: 8 h outside, 1 h planned down, 1 h without data, PBT 14 h: 3 h delay, 2 of them
    within orders; 2 h down, half an hour of it minor; 1 h setup; 8 h production. AUBT 2+2+1+8 = 13 h, AUPT 9.
    600 parts, 540 good, 30 s each; 50 inspected, 45 right at first; 3 h repair, 1 h care; 120 kWh."""
    m = Measures(
        outside_us=8 * HOUR, planned_us=HOUR, no_data_us=HOUR, delay_us=3 * HOUR, waiting_us=2 * HOUR,
        down_us=2 * HOUR, minor_us=HOUR // 2, setup_us=HOUR, production_us=8 * HOUR, corrective_us=3 * HOUR,
        preventive_us=HOUR, failures=3, minor_stops=9, good=540, scrap=60, rework=12, inspected=50,
        first_pass=45, ideal_s=600 * 30.0, ideal_good_s=540 * 30.0, energy_kwh=120,
    )  # fmt: skip
    f = figures(m)
    assert f.availability == pytest.approx(8 / 14)
    assert f.effectiveness == pytest.approx(5 / 8)
    assert f.quality == pytest.approx(0.9)
    assert f.oee == pytest.approx(4.5 / 14)
    assert f.nee == pytest.approx(9 / 14 * 5 / 8 * 0.9)
    assert f.teep == pytest.approx(4.5 / 23)  # of the calendar, less the hour of which nothing is known
    assert f.allocation_efficiency == pytest.approx(13 / 14)
    assert f.utilisation == pytest.approx(8 / 13)
    assert f.technical_efficiency == pytest.approx(8 / 10)
    assert f.setup_rate == pytest.approx(1 / 9)
    assert (f.scrap_ratio, f.rework_ratio) == (pytest.approx(0.1), pytest.approx(0.02))
    assert f.first_pass_yield == pytest.approx(0.9)
    assert f.corrective_ratio == pytest.approx(0.75)
    assert f.energy_per_part == pytest.approx(120 / 540)  # what a good part costs
    assert f.energy_per_made == pytest.approx(120 / 600)  # ISO 22400: by the produced quantity
    assert f.mtbf_s == pytest.approx(3 * 3600)
    assert f.mttf_s == pytest.approx(12.5 / 3 * 3600)
    assert f.mttr_s == pytest.approx(0.5 * 3600)
    assert f.throughput_per_hour == pytest.approx(600 / 14)
    six = figures(m, PERFORMANCE)
    assert six.availability == pytest.approx(8.5 / 14)
    assert six.utilisation == pytest.approx(8.5 / 13)
    assert six.technical_efficiency == pytest.approx(8.5 / 10)
    assert six.setup_rate == pytest.approx(1 / 9.5)


@pytest.mark.parametrize(
    ("failures", "low", "high"),
    [(1, 0.2108, 19.4958), (2, 0.3177, 5.6281), (5, 0.4756, 2.5379), (10, 0.5895, 1.8432)],
)
def test_nists_factors_of_a_90_percent_interval(failures: int, low: float, high: float) -> None:
    """NIST/SEMATECH e-Handbook 8.4.5.1, table of MTBF confidence interval factors, 90 %."""
    found = mtbf_interval(failures, failures, 0.9)
    assert found == pytest.approx((low, high), rel=2e-4)


def test_nists_example_of_two_failures_in_1600_hours() -> None:
    """The same page: MTBF 800 h, 90 % interval 254 h to 4,502 h."""
    m = Measures(production_us=1600 * HOUR, failures=2)
    f = figures(m)
    assert f.mtbf_s == 800 * 3600
    low, high = mtbf_interval(1600, 2, 0.9)
    assert (round(low), round(high)) == (254, 4502)


def test_mttf_counts_the_time_in_which_the_machine_could_run() -> None:
    """ISO 22400-2: TTF runs from the end of a repair to the next failure, waits included; TBF is operating
    time. 5 h running, 1 h setup, 2 h waiting, 1 h down of which 12 min in minor stops, two failures."""
    m = Measures(
        production_us=5 * HOUR, setup_us=HOUR, delay_us=2 * HOUR, down_us=HOUR, minor_us=HOUR // 5, failures=2
    )
    f = figures(m)
    assert f.mttf_s == pytest.approx(8.2 / 2 * 3600)
    assert f.mtbf_s == pytest.approx(6 / 2 * 3600) and f.mttr_s == pytest.approx(0.8 / 2 * 3600)
    assert figures(Measures(production_us=HOUR)).mttf_s is None


def test_without_a_failure_there_is_a_lower_end_only() -> None:
    low, high = mtbf_interval(1000, 0, 0.9)
    assert low == pytest.approx(1000 / 2.302585, rel=1e-5)  # T / ln(1 / alpha)
    assert high is None
    assert figures(Measures(production_us=HOUR)).mtbf_s is None


@given(st.integers(1, 60), st.sampled_from([0.6, 0.8, 0.9, 0.95]))
def test_the_interval_is_that_of_scipys_chi_square(failures: int, confidence: float) -> None:
    a = 1 - confidence
    wanted = 2 * 500 / chi2.ppf(1 - a / 2, 2 * failures + 2), 2 * 500 / chi2.ppf(a / 2, 2 * failures)
    assert mtbf_interval(500, failures, confidence) == pytest.approx(wanted, rel=1e-6)


us = st.integers(0, 40 * HOUR)
parts = st.integers(0, 5000)
some = st.builds(
    lambda out, planned, gap, delay, minor, fail, setup, run, good, scrap, cycle, startup: Measures(
        outside_us=out, planned_us=planned, no_data_us=gap, delay_us=delay, down_us=minor + fail,
        minor_us=minor, setup_us=setup, production_us=run, good=good, scrap=scrap,
        ideal_s=cycle * (good + scrap), ideal_good_s=cycle * good, startup_scrap=min(startup, scrap),
    ),
    us, us, us, us, us, us, us, us, parts, parts, st.floats(0.1, 100), parts,
)  # fmt: skip


@given(some)
def test_oee_is_the_same_under_both_models_of_minor_stops(m: Measures) -> None:
    one, other = figures(m, AVAILABILITY), figures(m, PERFORMANCE)
    assert one.oee == other.oee
    for f in (one, other):
        if None not in (f.availability, f.effectiveness, f.quality, f.oee):
            assert f.oee == pytest.approx(f.availability * f.effectiveness * f.quality)
    if one.availability is not None:
        assert other.availability >= one.availability


@given(some)
def test_the_waterfall_ends_at_the_time_of_good_parts(m: Measures) -> None:
    left = m.calendar_us / HOUR - sum(step.hours for step in waterfall(m))
    wanted = m.ideal_good_s / 3600 if m.rated and m.ideal_s else m.production_us / HOUR
    assert left == pytest.approx(wanted, abs=1e-6)


@given(st.lists(some, max_size=4))
def test_sums_keep_every_measure(found: list[Measures]) -> None:
    whole = total(found)
    assert whole.calendar_us == sum(m.calendar_us for m in found)
    assert whole.good == sum(m.good for m in found)


@given(some)
def test_the_six_losses_and_the_good_parts_fill_the_busy_time(m: Measures) -> None:
    losses = sum(loss.seconds or 0.0 for loss in six_big_losses(m))
    assert all((loss.seconds is None) == (not m.rated) for loss in six_big_losses(m)[3:])
    if m.rated and m.ideal_s and m.production_us / SECOND >= m.ideal_s:
        assert losses + m.ideal_good_s == pytest.approx(m.pbt_us / SECOND, abs=1e-3)


@pytest.mark.parametrize("failures", [101, 400, 5000])
def test_the_interval_of_many_failures_is_close_to_scipys(failures: int) -> None:
    wanted = 2 * 500 / chi2.ppf(0.95, 2 * failures + 2), 2 * 500 / chi2.ppf(0.05, 2 * failures)
    assert mtbf_interval(500, failures, 0.9) == pytest.approx(wanted, rel=1e-4)


def test_faster_than_planned_is_not_clipped() -> None:
    m = Measures(production_us=HOUR, good=72, ideal_s=4320.0, ideal_good_s=4320.0)
    assert figures(m).effectiveness == pytest.approx(1.2)


def test_without_a_rate_there_is_no_oee_and_never_100_percent() -> None:
    f = figures(Measures(production_us=HOUR, good=10, unrated=10))
    assert (f.oee, f.effectiveness, f.quality) == (None, None, 1.0)
    assert figures(Measures()).availability is None


def test_a_line_pays_for_scrap_behind_its_constraint() -> None:
    line = behind(vorne(), 848)
    assert line.good == vorne().good - 848
    assert figures(line).oee == pytest.approx((vorne().good - 848) / (420 * 60))


def test_order_times_and_adherence() -> None:
    on_time = OrderTimes(100, 10 * HOUR, 12 * HOUR, 0, 2 * HOUR, 10 * HOUR, 6 * HOUR, 4 * HOUR, 80, 76)
    f = order_figures(on_time, 20 * HOUR)
    assert (f.execution_us, f.lead_us, f.late_us, f.on_time) == (8 * HOUR, 10 * HOUR, 0, True)
    assert (f.allocation_ratio, f.process_ratio) == (0.75, 0.5)
    assert (f.throughput_per_hour, f.cycle_s, f.completion) == (10, 180, 0.76)
    unknown = OrderTimes(100, 10 * HOUR, 12 * HOUR, None, 2 * HOUR, 10 * HOUR, 6 * HOUR, 4 * HOUR, 80, 76)
    assert order_figures(unknown, 20 * HOUR).lead_us is None


def test_schedule_adherence_counts_what_is_overdue_and_what_was_never_begun() -> None:
    in_time, late, early = (10 * HOUR, 10 * HOUR), (10 * HOUR, 11 * HOUR), (30 * HOUR, 19 * HOUR)
    overdue, not_due = (12 * HOUR, None), (30 * HOUR, None)
    assert adherence([in_time, late, overdue, not_due], 20 * HOUR).share == pytest.approx(1 / 3)
    assert adherence([in_time, early], 20 * HOUR).share == 1
    assert adherence([not_due], 20 * HOUR).share is None


def test_a_machine_without_a_counter_has_no_oee_and_drags_nobody_down() -> None:
    """Nakajima's press, and beside it a machine that ran 7 of 8 h and tells no parts: it lost no speed and
    made nothing bad, nobody knows what it made."""
    press = nakajima()
    silent = Measures(
        down_us=60 * MINUTE, production_us=420 * MINUTE, failures=1, uncounted_us=480 * MINUTE,
        uncounted_run_us=420 * MINUTE,
    )  # fmt: skip
    alone, both = figures(silent), figures(total([press, silent]))
    assert (alone.oee, alone.effectiveness, alone.quality, alone.nee, alone.teep) == (None,) * 5
    assert alone.throughput_per_hour is None and alone.availability == pytest.approx(7 / 8)
    mine = figures(press)
    assert (both.oee, both.effectiveness, both.quality) == (mine.oee, mine.effectiveness, mine.quality)
    assert [loss.seconds for loss in six_big_losses(silent)[3:]] == [None] * 3
    assert six_big_losses(total([press, silent]))[3] == six_big_losses(press)[3]
    steps = {step.name: step.hours for step in waterfall(total([press, silent]))}
    assert steps["uncounted"] == 7 and steps["speed"] == pytest.approx(400 / 60 - 400 * 30 / 3600)


def test_work_that_lies_wholly_outside_the_shift_plan_has_no_availability() -> None:
    """4 h ran and 4 h stood in no shift: what stood is outside, so nothing can be said of the share. The same
    beside planned time is counted as it is, its stops known."""
    alone = Measures(
        outside_us=4 * HOUR, production_us=4 * HOUR, off_plan_us=4 * HOUR, good=240, ideal_s=12_000.0,
        ideal_good_s=12_000.0,
    )  # fmt: skip
    f = figures(alone)
    assert (f.availability, f.oee, f.nee, f.allocation_efficiency, f.utilisation) == (None,) * 5
    assert f.technical_efficiency is None
    assert (f.effectiveness, f.quality, f.teep) == (pytest.approx(1 / 1.2), 1, pytest.approx(12_000 / 28_800))
    assert [loss.name for loss in six_big_losses(alone) if loss.seconds is None] == ["failure", "minor"]
    shift = Measures(down_us=HOUR, production_us=7 * HOUR, good=420, ideal_s=21_000.0, ideal_good_s=21_000.0)
    both = figures(total([alone, shift]))
    assert (both.availability, both.oee) == (pytest.approx(11 / 12), pytest.approx(33_000 / (12 * 3600)))


def test_what_runs_without_an_order_is_busy_on_none() -> None:
    """Allocation efficiency AUBT / PBT, utilisation APT / AUBT: of 8 h run 4, 1 of them without an order, and
    half an hour of the setup is of none either; 1 h is waited for in an order."""
    m = Measures(
        delay_us=3 * HOUR, waiting_us=HOUR, setup_us=HOUR, production_us=4 * HOUR,
        unordered_us=HOUR + HOUR // 2, unordered_run_us=HOUR,
    )  # fmt: skip
    f = figures(m)
    assert f.allocation_efficiency == pytest.approx(4.5 / 8)
    assert f.utilisation == pytest.approx(3 / 4.5)

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clock import DAY, HOUR, MINUTE, utc
from domain.costs import (
    Cost,
    Plan,
    Rates,
    Risk,
    Scenario,
    Setting,
    Spare,
    Stock,
    Task,
    cost_cents,
    failure_share,
    loss,
    producing_us,
    rounded_up,
    scenarios,
    slowed_us,
    summary,
)
from domain.errors import InvalidInput, NotNow
from domain.evidence import Alternative
from domain.prediction import Contribution
from domain.recommendation import (
    AT_ONCE,
    LEAVES_IT,
    Advice,
    Calendar,
    Choice,
    advise,
    as_of,
    at_time,
    minutes_text,
    plan_of,
    probable_cause,
)

AT = 1_795_255_200_000_000
TASK = Task("Replace bearings", "mechanic", 3 * 3_600, 2_400, "P1", "bearing set")
STOCK = Stock(3, 76_800, 3 * 86_400)
CALENDAR = Calendar("Europe/Berlin", (AT + 4 * HOUR,), ((AT + 6 * HOUR, AT + 9 * HOUR),))


def risk(probability: float, low: float = 4, mid: float = 9, high: float = 18) -> Risk:
    return Risk(AT, DAY, probability, round(low * HOUR), round(mid * HOUR), round(high * HOUR))


def setting(probability: float = 0.8, **changes: object) -> Setting:
    return replace(Setting(risk(probability), TASK, STOCK, Rates()), **changes)  # type: ignore[arg-type]


def test_a_stop_costs_what_can_be_counted_by_hand() -> None:
    only = Scenario(None, False, False, 1.0, 1.0)
    # 3 h x (450 + 65) + 768
    assert cost_cents(setting(), Plan(AT), only) == 3 * (45_000 + 6_500) + 76_800
    # no production in the first 2 of 3 hours
    idle = setting(producing=((AT + 2 * HOUR, AT + 10 * HOUR),))
    assert cost_cents(idle, Plan(AT), only) == 45_000 + 3 * 6_500 + 76_800


def test_a_failure_costs_call_out_longer_work_part_and_damage() -> None:
    fails = Scenario(AT + HOUR, False, False, 1.0, 1.0)
    # 1 h call-out at 450, 7.5 h at 450 + 65, part 768, damage 800
    assert cost_cents(setting(), Plan(None), fails) == 45_000 + 7.5 * 51_500 + 76_800 + 80_000
    missing = setting(stock=replace(STOCK, unreserved=0))
    assert cost_cents(missing, Plan(None), fails) == 25 * 45_000 + 7.5 * 51_500 + 76_800 + 80_000


def test_a_planned_stop_after_the_failure_comes_too_late() -> None:
    fails = Scenario(AT + HOUR, False, False, 1.0, 1.0)
    assert cost_cents(setting(), Plan(AT + 2 * HOUR), fails) == cost_cents(setting(), Plan(None), fails)
    assert cost_cents(setting(), Plan(AT), fails) < cost_cents(setting(), Plan(None), fails)


def test_an_alarm_that_catches_it_is_cheaper_than_the_failure_and_dearer_than_the_plan() -> None:
    caught = Scenario(AT + 6 * HOUR, True, True, 1.0, 1.0)
    alarm = cost_cents(setting(), Plan(None, heed_alarm=True), caught)
    assert cost_cents(setting(), Plan(AT), caught) < alarm < cost_cents(setting(), Plan(None), caught)


@given(st.floats(0, 1), st.floats(0.1, 50), st.floats(0.1, 50), st.floats(0.1, 50))
def test_the_failure_share_rises_to_the_models_probability(p: float, a: float, b: float, c: float) -> None:
    low, mid, high = sorted((a, b, c))
    r = risk(p, low, mid, high)
    shares = [failure_share(r, round(n * DAY / 20)) for n in range(22)]
    assert shares[0] >= 0 and shares == sorted(shares)
    assert math.isclose(shares[20], p, abs_tol=1e-9) and shares[21] == shares[20]


@given(st.floats(0, 1))
@settings(max_examples=30)
def test_the_weights_of_all_scenarios_sum_to_one(p: float) -> None:
    table = scenarios(risk(p), Rates())
    assert math.isclose(sum(s.weight for s in table), 1.0, abs_tol=1e-9)
    failing = sum(s.weight for s in table if s.fails_us is not None)
    assert math.isclose(failing, p, abs_tol=1e-9)


def test_without_a_remaining_life_the_risk_is_spread_evenly() -> None:
    even = Risk(AT, DAY, 0.5)
    assert failure_share(even, DAY // 2) == 0.25


def test_the_summary_is_mean_and_ninety_percent_range() -> None:
    table = [Scenario(None, False, False, 1.0, w) for w in (0.04, 0.5, 0.42, 0.04)]
    assert summary([0, 100, 200, 1_000], table) == Cost(174, 100, 200)


@given(st.floats(0.01, 1), st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_advice_is_the_cheapest_that_fits_and_the_ranges_hold_the_mean(p: float, unreserved: int) -> None:
    advice = advise(setting(p, stock=replace(STOCK, unreserved=unreserved)), CALENDAR)
    fitting = [a.cost_cents for a in advice.alternatives if a.fits]
    assert advice.advised.cost_cents == min(fitting)
    assert sum(a.advised for a in advice.alternatives) == 1
    costs = [a.cost_cents for a in advice.alternatives if a.counted]
    assert costs == sorted(costs)
    assert [a.counted for a in advice.alternatives] == sorted(
        (a.counted for a in advice.alternatives), reverse=True
    )
    wait = next(a for a in advice.alternatives if a.key == Choice.WAIT_FOR_ALARM)
    assert abs(advice.benefit.expected - (wait.cost_cents - advice.advised.cost_cents)) <= 1
    assert advice.benefit.low <= advice.benefit.expected <= advice.benefit.high


def test_high_risk_acts_middling_risk_looks_low_risk_waits() -> None:
    advised = {p: advise(setting(p), Calendar("UTC")).advised.key for p in (0.9, 0.5, 0.05)}
    assert advised == {0.9: Choice.NOW, 0.5: Choice.INSPECT_FIRST, 0.05: Choice.WAIT_FOR_ALARM}
    assert not advise(setting(0.05), Calendar("UTC")).worth_a_case


def test_an_idle_stretch_ahead_is_worth_waiting_for_when_the_life_is_long() -> None:
    slow = setting(
        0.8, risk=risk(0.8, 15, 20, 23), producing=((AT, AT + 6 * HOUR), (AT + 10 * HOUR, AT + DAY))
    )
    assert advise(slow, CALENDAR).advised.key == Choice.PLANNED_STOP


def test_without_the_part_only_what_can_be_done_fits() -> None:
    advice = advise(setting(0.9, stock=replace(STOCK, unreserved=0)), CALENDAR)
    fits = {a.key for a in advice.alternatives if a.fits}
    assert Choice.NOW not in fits and Choice.SHIFT_CHANGE not in fits
    assert {Choice.INSPECT_FIRST, Choice.WHEN_PART_ARRIVES} | LEAVES_IT <= fits


def test_a_later_start_costs_more_and_a_past_one_is_refused() -> None:
    costs = [at_time(setting(), CALENDAR, AT + n * HOUR)[0].cost_cents for n in (0, 4, 8, 16)]
    assert costs == sorted(costs) and costs[0] < costs[-1]
    with pytest.raises(NotNow):
        at_time(setting(), CALENDAR, AT - 1)


def test_whoever_has_looked_need_not_look_again() -> None:
    keys = {a.key for a in advise(setting(0.5), CALENDAR, inspected=True).alternatives}
    assert Choice.INSPECT_FIRST not in keys


SPARE = Spare("north/x/cnc-20", "CNC-20", 0.5, 1_800)
SLOW_TASK = replace(TASK, wear_exponent=1.0)
LIST = {c.value for c in Choice} - {Choice.AT_TIME, Choice.WHEN_PART_ARRIVES}


def named(advice: Advice) -> dict[str, Alternative]:
    return {a.key: a for a in advice.alternatives}


def test_running_slower_costs_output_and_buys_time_by_the_wear_exponent() -> None:
    fails = Scenario(AT + 4 * HOUR, False, False, 1.0, 1.0)
    slow = setting(task=SLOW_TASK)
    # from AT on at 70 %: 4 h become 4 / 0.7 h
    assert slowed_us(slow, AT, AT + 4 * HOUR) == AT + round(4 * HOUR / 0.7)
    assert slowed_us(slow, AT + 5 * HOUR, AT + 4 * HOUR) == AT + 4 * HOUR
    # the repair at 5 h comes in time: 5 h x 30 % of the output, then 3 h of repair and the part
    plan = Plan(AT + 5 * HOUR, slow_from_us=AT)
    assert cost_cents(slow, plan, fails) == pytest.approx(5 * 0.3 * 45_000 + 3 * 51_500 + 76_800)
    assert loss(slow, plan, fails).lost_us == pytest.approx((1.5 + 3) * HOUR)
    # without slowing down it would have come too late
    assert cost_cents(slow, Plan(AT + 5 * HOUR), fails) > cost_cents(slow, plan, fails)


def test_another_machine_makes_up_its_share_after_a_setup() -> None:
    only = Scenario(None, False, False, 1.0, 1.0)
    helped = loss(setting(spare=SPARE), Plan(AT, moved=True), only)
    assert helped.cents == 3 * (45_000 / 2 + 6_500) + 76_800 + 6_500 / 2
    assert helped.lost_us == 1.5 * HOUR


@given(st.floats(0.01, 1), st.booleans(), st.booleans(), st.booleans())
@settings(max_examples=20, deadline=None)
def test_the_whole_list_is_always_there_with_a_cost_or_a_reason(p: float, a: bool, b: bool, c: bool) -> None:
    situation = setting(p, task=SLOW_TASK if a else TASK, spare=SPARE if b else None)
    found = named(advise(situation, CALENDAR if c else Calendar("UTC")))
    assert set(found) == LIST
    for one in found.values():
        assert one.counted or (one.why_not and not one.fits)
        assert one.low_cents <= one.cost_cents <= one.high_cents
        assert one.minutes_low <= one.minutes <= one.minutes_high
    assert found[Choice.SLOW_DOWN].counted == (a and c) and found[Choice.OTHER_MACHINE].counted == b


def test_a_week_end_is_a_long_pause_that_touches_saturday_or_sunday() -> None:
    morning = AT - AT % DAY + 7 * HOUR  # 08:00 in Berlin
    evening = morning + 14 * HOUR
    assert utc(AT).strftime("%a") == "Sat"
    friday, ends = morning + 6 * DAY, evening + 6 * DAY
    week_end = setting(
        risk=replace(risk(0.8), at_us=friday),
        producing=((friday, ends), (ends + 56 * HOUR, ends + 80 * HOUR)),
    )
    found = named(advise(week_end, Calendar("Europe/Berlin", (ends,))))
    assert found[Choice.WEEK_END].start_us == ends
    assert found[Choice.WEEK_END].label == "At 22:00, week-end"
    assert "week-end begins" in found[Choice.SHIFT_CHANGE].why_not
    monday, night = morning + 2 * DAY, evening + 2 * DAY
    week_day = setting(
        risk=replace(risk(0.8), at_us=monday),
        producing=((monday, night), (night + 10 * HOUR, night + 24 * HOUR)),
    )
    assert not named(advise(week_day, Calendar("Europe/Berlin")))[Choice.WEEK_END].counted


def test_a_look_is_worth_what_it_spares() -> None:
    sure, unsure = (named(advise(setting(p), CALENDAR))[Choice.INSPECT_FIRST] for p in (0.99, 0.4))
    assert unsure.look_cents == sure.look_cents == pytest.approx(round(2 / 3 * 51_500), rel=0.05)
    assert unsure.worth_cents is not None and sure.worth_cents is not None
    assert unsure.worth_cents > unsure.look_cents > sure.worth_cents


def test_the_list_of_a_card_never_offers_a_start_that_has_passed() -> None:
    advice = advise(setting(0.8, task=SLOW_TASK, spare=SPARE), CALENDAR)
    for hours in (1, 5, 9):
        now = AT + hours * HOUR
        for before, after in zip(advice.alternatives, as_of(advice.alternatives, now), strict=True):
            assert after.start_us is None or after.start_us >= now or not after.fits
            if before.key in AT_ONCE:
                assert after.fits == before.fits


@pytest.mark.parametrize("key", [Choice.SLOW_DOWN, Choice.OTHER_MACHINE, Choice.NOW, Choice.INSPECT_FIRST])
def test_a_choice_gives_its_plan_back(key: Choice) -> None:
    situation = setting(0.8, task=SLOW_TASK, spare=SPARE)
    one, table = named(advise(situation, CALENDAR))[key], scenarios(situation.risk, situation.rates)
    plan = plan_of(key, one.start_us, AT)
    assert summary([cost_cents(situation, plan, s) for s in table], table).expected == one.cost_cents


def contribution(metric: str, value: float) -> Contribution:
    return Contribution(metric, 3, AT - HOUR, AT, value, 1.0, 0.5)


@pytest.mark.parametrize(
    ("metrics", "cause"),
    [
        ({"envelope_high": 0.3}, "bearing"),
        ({"pressure": 0.2, "power": 0.05}, "leak"),
        ({"temperature": 0.4, "envelope_low": 0.05}, "overheating"),
        ({"current": 0.3}, "electrical"),
        ({"load": 0.3, "vibration_rms": 0.1}, "tool"),
        ({"pressure": -0.3}, "unknown"),
        ({"ambient_temperature": 0.3}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_the_cause_is_the_one_whose_sensors_raised_the_risk(metrics: dict[str, float], cause: str) -> None:
    known = ["bearing", "tool", "overheating", "leak", "electrical"]
    assert probable_cause([contribution(m, v) for m, v in metrics.items()], known) == cause


def test_only_causes_of_this_type_of_machine_count() -> None:
    assert probable_cause([contribution("pressure", 0.4)], ["bearing"]) == "unknown"


def test_sensors_that_are_taken_together_share_what_they_raised():
    parts = [contribution("current+load", 0.4), contribution("pressure", 0.3)]
    assert probable_cause(parts, ["leak", "electrical"]) == "leak"
    assert probable_cause([contribution("current", 0.4), *parts[1:]], ["leak", "electrical"]) == "electrical"


def test_small_helpers() -> None:
    assert rounded_up(AT + 1) == AT + 5 * MINUTE and rounded_up(AT) == AT
    assert (minutes_text(2_400), minutes_text(7_200), minutes_text(9_000)) == ("40 min", "2 h", "2.5 h")
    assert producing_us(setting(), AT, HOUR) == HOUR
    with pytest.raises(InvalidInput):
        Rates(alarm_catches=1.2)
    with pytest.raises(InvalidInput):
        Risk(AT, DAY, 1.1)

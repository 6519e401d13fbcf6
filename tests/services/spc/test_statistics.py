"""Capability intervals, normality, and the multivariate chart, against others' formulas and by simulation."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from data.store.spc_days import NONE, Values
from domain.errors import InvalidInput
from domain.spc import charts
from domain.spc import constants as k
from domain.spc.capability import Tolerance
from domain.spc.model import Kind, Limits, Sample, Weights
from services.spc import multivariate as m
from services.spc.intervals import (
    Measured,
    capability,
    interval_near,
    interval_wide,
    normality,
    percentile_index,
    within,
    worth,
)
from services.spc.judging import sums_after


def test_the_interval_of_cp_in_a_published_example():
    """Montgomery, example 8.4: USL 62, LSL 38, n 20, s 1.75: Cp 2.29, 95 % interval 1.57 to 3.01."""
    value = (62 - 38) / (6 * 1.75)
    assert value == pytest.approx(2.29, abs=0.005)
    assert interval_wide(value, 19) == pytest.approx((1.57, 3.01), abs=0.01)


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(11)
    true_cp, true_cpk = 8 / 6, 3 / 3
    wide = near = 0
    for _ in range(1_500):
        x = rng.normal(1.0, 1.0, 60)
        s = x.std(ddof=1)
        low, high = interval_wide(8 / (6 * s), 59)
        wide += low <= true_cp <= high
        low, high = interval_near(min(4 - x.mean(), x.mean() + 4) / (3 * s), 59, 60)
        near += low <= true_cpk <= high
    assert 0.93 < wide / 1_500 < 0.97 and 0.93 < near / 1_500 < 0.97


def test_all_six_indices_of_a_normal_process():
    rng = np.random.default_rng(5)
    data = rng.normal(10, 1, (100, 5))
    samples = Measured.of(data.tolist())
    run = rng.normal(10, 0.5, 50).tolist()
    found = capability(Kind.XBAR_S, samples, Tolerance(6.0, 14.0), run)
    values = {i.name: i.value for i in found.indices}
    s = data.std(ddof=1)
    assert list(values) == ["Cp", "Cpk", "Pp", "Ppk", "Cm", "Cmk"]
    within = data.std(axis=1, ddof=1).mean() / 0.9400  # c4 of five
    assert values["Cp"] == pytest.approx(8 / (6 * within), rel=1e-4) and values["Pp"] == pytest.approx(
        8 / (6 * s)
    )
    assert values["Cm"] == pytest.approx(8 / (6 * np.std(run, ddof=1)))
    assert values["Cpk"] == pytest.approx(min(14 - data.mean(), data.mean() - 6) / (3 * within), rel=1e-4)
    for index in found.indices:
        assert index.low < index.value < index.high
    assert not found.normality.doubtful
    assert found.outside == ((data < 6) | (data > 14)).sum()


def test_capability_is_that_of_the_samples_shown():
    """The spread has doubled: half the capability, and an interval that is worth these samples."""
    rng = np.random.default_rng(6)
    samples = Measured.of(rng.normal(10, 2, (20, 5)).tolist())
    found = capability(Kind.XBAR_R, samples, Tolerance(6.0, 14.0), ())
    cp = found.indices[0]
    assert cp.value == pytest.approx(8 / 12, rel=0.15)
    assert (cp.high - cp.low) / cp.value == pytest.approx(
        2 * 1.96 / np.sqrt(2 * worth(Kind.XBAR_R, samples)), rel=0.03
    )


def test_skewed_values_are_named_and_percentiles_used():
    rng = np.random.default_rng(2)
    values = np.sort(rng.lognormal(0, 0.8, 2_000))
    assert normality(values).doubtful and normality(values).skew > 1
    found = percentile_index(values, Tolerance(None, 10.0))
    middle, high = np.quantile(values, [0.5, 0.99865])
    assert found == pytest.approx((10 - middle) / (high - middle))
    assert normality(np.ones(50)).p is None and percentile_index(np.ones(50), Tolerance(None, 2.0)) is None


def test_normality_and_skew_are_those_of_scipy():
    values = np.sort(np.random.default_rng(3).gamma(4.0, 1.0, 700))
    found = normality(values)
    assert found.p == pytest.approx(stats.shapiro(values).pvalue, rel=1e-9)
    assert found.skew == pytest.approx(stats.skew(values), rel=1e-9)


SPANS = st.lists(
    st.lists(st.floats(-1e3, 1e3).map(lambda v: round(v, 3)), min_size=1, max_size=6), min_size=1, max_size=30
)


@settings(max_examples=150, deadline=None)
@given(SPANS, st.sampled_from([Kind.XBAR_R, Kind.XBAR_S, Kind.I_MR, Kind.EWMA, Kind.CUSUM]))
def test_columns_of_values_say_what_the_samples_say(rows, kind):
    """The spread within samples and what it is worth, as `domain.spc.charts` finds them sample by sample."""
    samples = [Sample(at, tuple(each)) for at, each in enumerate(rows)]
    try:
        expected = charts.within(kind, samples)
    except InvalidInput as error:
        with pytest.raises(InvalidInput, match=re.escape(str(error))):
            within(kind, Measured.of(rows))
        return
    assert within(kind, Measured.of(rows)) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    sizes = [len(each) for each in rows if len(each) > 1]
    if kind is Kind.XBAR_S and sizes:
        freedom = sum(k.c4(n) ** 2 / (2 * (1 - k.c4(n) ** 2)) for n in sizes)
        assert worth(kind, Measured.of(rows)) == pytest.approx(freedom)


def test_one_sided_tolerance_has_no_cp():
    samples = Measured.of(np.random.default_rng(1).normal(0, 1, (60, 1)).tolist())
    found = capability(Kind.I_MR, samples, Tolerance(None, 3.0), ())
    assert [i.value for i in found.indices if i.name == "Cp"] == [None]
    assert next(i.value for i in found.indices if i.name == "Cpk") is not None


def mixed(rng, count):
    """Six sensors driven by two hidden causes."""
    cause = rng.normal(0, 1, (count, 2))
    mix = np.array([[1, 1, 1, 0.2, 0, 0], [0, 0, 0.3, 1, 1, 1]])
    return 50 + cause @ mix + rng.normal(0, 0.25, (count, 6))


NAMES = ("a", "b", "c", "d", "e", "f")


def test_contributions_add_up_and_name_the_sensor_that_broke_the_pattern():
    rng = np.random.default_rng(8)
    pattern = m.from_json(m.fit(NAMES, mixed(rng, 300)).to_json())
    odd = mixed(rng, 5)
    odd[2, 4] += 3.0  # e leaves d and f, with which it always moved
    found = m.judge(pattern, odd)
    assert found.t2_parts.sum(axis=1) == pytest.approx(found.t2)
    assert found.spe_parts.sum(axis=1) == pytest.approx(found.spe)
    assert found.spe[2] > pattern.spe_limit and NAMES[int(found.spe_parts[2].argmax())] == "e"
    assert (np.delete(found.spe, 2) < pattern.spe_limit).all()


def test_t2_and_spe_together_are_the_mahalanobis_distance_of_a_full_model():
    """T2 over the kept components plus the rest scaled by its own variances is x' S^-1 x."""
    rng = np.random.default_rng(4)
    data = mixed(rng, 200)
    pattern = m.fit(NAMES, data)
    new = mixed(rng, 20)
    scaled = (new - data.mean(0)) / data.std(0, ddof=1)
    correlation = np.corrcoef(data.T)
    variances, directions = np.linalg.eigh(correlation)
    kept = len(pattern.variances)
    scores = scaled @ directions[:, ::-1]
    t2 = (scores[:, :kept] ** 2 / variances[::-1][:kept]).sum(axis=1)
    spe = (scores[:, kept:] ** 2).sum(axis=1)
    found = m.judge(pattern, new)
    assert found.t2 == pytest.approx(t2) and found.spe == pytest.approx(spe)


def test_limits_are_crossed_by_chance_as_seldom_as_they_say():
    rng = np.random.default_rng(9)
    pattern = m.fit(NAMES, mixed(rng, 2_000))
    found = m.judge(pattern, mixed(rng, 40_000))
    assert 0.0015 < (found.t2 > pattern.t2_limit).mean() < 0.0045
    assert 0.0010 < (found.spe > pattern.spe_limit).mean() < 0.0060
    # As the phase I sample grows, the limit of T2 tends to the chi-square quantile.
    assert m.t2_limit(3, 100_000) == pytest.approx(stats.chi2.ppf(1 - m.ALPHA, 3), rel=1e-3)


def test_a_stuck_sensor_or_too_few_hours_make_no_pattern():
    rng = np.random.default_rng(1)
    data = mixed(rng, 100)
    data[:, 3] = 7.0
    with pytest.raises(InvalidInput, match="d never changes"):
        m.fit(NAMES, data)
    with pytest.raises(InvalidInput, match="hours of running"):
        m.fit(NAMES, mixed(rng, 20))


@pytest.mark.parametrize("seed", range(5))
def test_a_cusum_found_in_one_go_stands_where_its_last_point_is(seed):
    rng = np.random.default_rng(seed)
    values = [tuple(rng.normal(10.1, 1, int(rng.integers(1, 5))).tolist()) for _ in range(400)]
    limits, weights = Limits(10.0, 1.0, 30), Weights()
    samples = [Sample(at, each) for at, each in enumerate(values)]
    drawn = charts.series_of(Kind.CUSUM, samples, limits, weights)
    found = Values(
        np.arange(400), np.array([len(each) for each in values]), np.array([v for e in values for v in e])
    )
    high, low = sums_after(found, limits, weights)
    assert (high, -low) == pytest.approx(tuple(one.points[-1].value for one in drawn), abs=1e-9)
    assert sums_after(NONE, limits, weights) == (0.0, 0.0)

"""Worked examples of the NIST/SEMATECH e-Handbook of Statistical Methods, and of Montgomery."""

import pytest

from domain.errors import InvalidInput
from domain.spc.capability import Tolerance, indices
from domain.spc.charts import limits_of, resemblance, series_of
from domain.spc.model import Kind, Limits, Sample, Weights
from domain.spc.rules import Rule, breaks_of


def singles(values):
    return [Sample(i + 1, (float(v),)) for i, v in enumerate(values)]


# NIST 6.3.2.2, individuals: flow rate of ten batches. Mean 50.81, mean moving range 1.8778,
# limits 55.8041 and 45.8159.
FLOW = (49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1)


def test_individuals_6_3_2_2():
    limits = limits_of(Kind.I_MR, singles(FLOW))
    value, moving = series_of(Kind.I_MR, singles(FLOW), limits)
    first = value.points[0]
    assert (first.center, first.lower, first.upper) == pytest.approx((50.81, 45.8159, 55.8041), abs=0.002)
    assert moving.points[0].center == pytest.approx(1.8778, abs=5e-5)
    assert breaks_of(value, [Rule.BEYOND]) == breaks_of(moving, [Rule.BEYOND]) == ()


# NIST 6.3.2.4, EWMA: 20 values, target 50, s 2.0539, lambda 0.3: limits 52.5884 and 47.4115.
EWMA = (
    52.0, 47.0, 53.0, 49.3, 50.1, 47.0, 51.0, 50.1, 51.2, 50.5,
    49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1,
)  # fmt: skip
NIST_Z = (
    50.00, 50.60, 49.52, 50.56, 50.18, 50.16, 49.21, 49.75, 49.85, 50.26,
    50.33, 50.11, 49.36, 49.52, 50.05, 49.38, 49.92, 50.73, 51.23, 51.94, 51.99,
)  # fmt: skip


def test_ewma_6_3_2_4():
    limits = Limits(50.0, 2.0539, 20)
    (drawn,) = series_of(Kind.EWMA, singles(EWMA), limits, Weights(ewma_lambda=0.3, ewma_width=3.0))
    assert [p.value for p in drawn.points] == pytest.approx(NIST_Z[1:], abs=0.0051)
    last = drawn.points[-1]
    assert (last.lower, last.upper) == pytest.approx((47.4115, 52.5884), abs=0.002)
    assert breaks_of(drawn, [Rule.BEYOND]) == ()


# NIST 6.3.2.3, CUSUM: 20 means, target 325, k = 0.3175, h = 4.1959, sigma 0.635 * 2: sums as printed.
CUSUM = (
    324.925, 324.675, 324.725, 324.350, 325.350, 325.225, 324.125, 324.525, 325.225, 324.600,
    324.625, 325.150, 328.325, 327.250, 327.825, 328.500, 326.675, 327.775, 326.875, 328.350,
)  # fmt: skip
HIGH = (0, 0, 0, 0, 0.03, 0, 0, 0, 0, 0, 0, 0, 3.01, 4.94, 7.45, 10.63, 11.99, 14.44, 16.00, 19.04)


def test_cusum_6_3_2_3():
    sigma = 1.27
    weights = Weights(cusum_slack=0.3175 / sigma, cusum_decision=4.1959 / sigma)
    above, below = series_of(Kind.CUSUM, singles(CUSUM), Limits(325.0, sigma, 20), weights)
    assert [p.value * sigma for p in above.points] == pytest.approx(HIGH, abs=0.011)
    flagged = [b.index for b in breaks_of(above, [Rule.BEYOND])]
    assert flagged == [13, 14, 15, 16, 17, 18, 19]  # from the 14th group on, as NIST says
    assert breaks_of(below, [Rule.BEYOND]) == ()


# NIST 6.3.3.1, counts of defects: 25 wafers, mean 16: limits 4 and 28.
WAFERS = (16, 14, 28, 16, 12, 20, 10, 12, 10, 17, 19, 17, 14, 16, 15, 13, 14, 16, 11, 20, 11, 19, 16, 31, 13)


def test_counts_6_3_3_1():
    samples = [Sample(i + 1, (), c, 1.0) for i, c in enumerate(WAFERS)]
    limits = limits_of(Kind.C, samples)
    (drawn,) = series_of(Kind.C, samples, limits)
    assert limits.level == 16.0
    assert (drawn.points[0].lower, drawn.points[0].upper) == pytest.approx((4.0, 28.0))
    assert [b.index for b in breaks_of(drawn, [Rule.BEYOND])] == [23]  # the wafer with 31


# NIST 6.3.3.2, proportions: 30 wafers of 50 chips, p = 0.2313: limits 0.0524 and 0.4102.
CHIPS = (
    12,
    15,
    8,
    10,
    4,
    7,
    16,
    9,
    14,
    10,
    5,
    6,
    17,
    12,
    22,
    8,
    10,
    5,
    13,
    11,
    20,
    18,
    24,
    15,
    9,
    12,
    7,
    13,
    9,
    6,
)


def test_proportions_6_3_3_2():
    samples = [Sample(i + 1, (), c, 50.0) for i, c in enumerate(CHIPS)]
    (drawn,) = series_of(Kind.P, samples, limits_of(Kind.P, samples))
    first = drawn.points[0]
    assert (first.center, first.lower, first.upper) == pytest.approx((0.2313, 0.0524, 0.4102), abs=1e-4)
    assert [b.index for b in breaks_of(drawn, [Rule.BEYOND])] == [14, 22]
    (counts,) = series_of(Kind.NP, samples, limits_of(Kind.NP, samples))
    assert [b.index for b in breaks_of(counts, [Rule.BEYOND])] == [14, 22]


def test_capability_6_1_6():
    """USL 20, LSL 8, mean 16, s 2: Cp 1.0, Cpk 0.6667."""
    found = indices(16.0, 2.0, Tolerance(8.0, 20.0))
    assert (found.wide, found.near) == pytest.approx((1.0, 0.6667), abs=1e-4)


def test_xbar_from_published_averages():
    """Montgomery, example 6.1: grand mean 1.5056, mean range 0.32521, n 5: means 1.3180 to 1.6932,
    ranges up to 0.68749."""
    from domain.spc import constants as k

    limits = Limits(1.5056, 0.32521 / k.d2(5), 25)
    samples = [Sample(1, (1.4, 1.5, 1.6, 1.5, 1.5))]
    mean, spread = series_of(Kind.XBAR_R, samples, limits)
    assert (mean.points[0].lower, mean.points[0].upper) == pytest.approx((1.3180, 1.6932), abs=3e-4)
    assert (spread.points[0].lower, spread.points[0].upper) == pytest.approx((0.0, 0.68749), abs=4e-4)


def test_bad_input_is_refused_with_its_reason():
    with pytest.raises(InvalidInput, match="at least 8"):
        limits_of(Kind.I_MR, singles(FLOW[:7]))
    with pytest.raises(InvalidInput, match="stuck"):
        limits_of(Kind.I_MR, singles([5.0] * 20))
    with pytest.raises(InvalidInput, match="no bad part"):
        limits_of(Kind.P, [Sample(i + 1, (), 0.0, 50.0) for i in range(20)])
    with pytest.raises(InvalidInput, match="impossible"):
        Sample(1, (), -2.0, 50.0)
    with pytest.raises(InvalidInput, match="no number"):
        Sample(1, (float("nan"),))
    with pytest.raises(InvalidInput, match="spread"):
        indices(1.0, 0.0, Tolerance(0.0, 2.0))


def test_resemblance_of_neighbours():
    """NIST 1.3.3.12 defines r1; a value that alternates has about -1, a trend about +1."""
    assert resemblance(singles([0, 1] * 50)) == pytest.approx(-0.99)
    assert resemblance(singles(range(100))) == pytest.approx(0.97)

"""Limits and rules against an implementation written apart, with NumPy and SciPy, on random data.

The other side knows nothing of ours: constants come from SciPy's quadrature and gamma function, limits
from the textbook formulas over arrays, rules from windows cut out at every point.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from domain.spc.charts import limits_of, series_of
from domain.spc.model import Kind, Limits, Point, Sample, Series
from domain.spc.rules import Rule, breaks_of

SEEDS = st.integers(0, 2**32 - 1)


def other_d2(n):
    return integrate.quad(lambda x: 1 - stats.norm.sf(x) ** n - stats.norm.cdf(x) ** n, -9, 9)[0]


def other_d3(n):
    def above(x):
        def inside(y):
            low, high = stats.norm.cdf(x), stats.norm.cdf(y)
            return 1 - high**n - (1 - low) ** n + (high - low) ** n

        return integrate.quad(inside, x, 9)[0]

    return np.sqrt(2 * integrate.quad(above, -9, 9)[0] - other_d2(n) ** 2)


def other_c4(n):
    return np.sqrt(2 / (n - 1)) * special.gamma(n / 2) / special.gamma((n - 1) / 2)


D2 = {n: other_d2(n) for n in (2, 4, 5)}
D3 = {n: other_d3(n) for n in (2, 4, 5)}


def flagged(series):
    return [b.index for b in breaks_of(series, [Rule.BEYOND])]


def outside(values, low, high):
    return np.flatnonzero((values < low) | (values > high)).tolist()


def drifting(rng, count, size=1):
    """Values with shifts and outliers, so that something is flagged."""
    walk = np.repeat(rng.choice([0.0, 0.0, 1.5, -2.0], count // 10 + 1), 10)[:count]
    return rng.normal(10, 1, (count, size)) + walk[:, None] + 4 * (rng.random((count, 1)) < 0.03)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.sampled_from([4, 5]))
def test_xbar_r_and_xbar_s(seed, n):
    data = drifting(np.random.default_rng(seed), 60, n)
    samples = [Sample(i + 1, tuple(row)) for i, row in enumerate(data.tolist())]
    means, ranges, spreads = data.mean(axis=1), np.ptp(data, axis=1), data.std(axis=1, ddof=1)
    rbar, sbar, c4 = ranges.mean(), spreads.mean(), other_c4(n)
    mean, spread = series_of(Kind.XBAR_R, samples, limits_of(Kind.XBAR_R, samples))
    half = 3 * rbar / D2[n] / np.sqrt(n)
    assert flagged(mean) == outside(means, means.mean() - half, means.mean() + half)
    low, high = max(0, 1 - 3 * D3[n] / D2[n]) * rbar, (1 + 3 * D3[n] / D2[n]) * rbar
    assert flagged(spread) == outside(ranges, low, high)
    mean, spread = series_of(Kind.XBAR_S, samples, limits_of(Kind.XBAR_S, samples))
    half = 3 * sbar / c4 / np.sqrt(n)
    assert flagged(mean) == outside(means, means.mean() - half, means.mean() + half)
    wide = 3 * sbar * np.sqrt(1 - c4**2) / c4
    assert flagged(spread) == outside(spreads, max(0, sbar - wide), sbar + wide)


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_individuals_ewma_and_cusum(seed):
    values = drifting(np.random.default_rng(seed), 80)[:, 0]
    samples = [Sample(i + 1, (v,)) for i, v in enumerate(values.tolist())]
    limits = limits_of(Kind.I_MR, samples)
    sigma = np.abs(np.diff(values)).mean() / D2[2]
    center = values.mean()
    assert (limits.level, limits.sigma) == pytest.approx((center, sigma), rel=1e-7)
    single, moving = series_of(Kind.I_MR, samples, limits)
    assert flagged(single) == outside(values, center - 3 * sigma, center + 3 * sigma)
    top = (1 + 3 * D3[2] / D2[2]) * sigma * D2[2]
    assert flagged(moving) == outside(np.abs(np.diff(values)), 0, top)

    weights = 0.2 * 0.8 ** np.arange(80)
    smooth = np.array(
        [(weights[: i + 1][::-1] * values[: i + 1]).sum() + 0.8 ** (i + 1) * center for i in range(80)]
    )
    width = 2.86 * sigma * np.sqrt(0.2 / 1.8 * (1 - 0.8 ** (2 * np.arange(1, 81))))
    (drawn,) = series_of(Kind.EWMA, samples, limits)
    assert flagged(drawn) == np.flatnonzero(np.abs(smooth - center) > width).tolist()

    z = (values - center) / sigma
    sums = np.concatenate([[0], np.cumsum(z - 0.5)])
    high = sums[1:] - np.minimum.accumulate(sums)[1:]  # the same sum, seen as a drawdown
    sums = np.concatenate([[0], np.cumsum(-z - 0.5)])
    low = sums[1:] - np.minimum.accumulate(sums)[1:]
    above, below = series_of(Kind.CUSUM, samples, limits)
    assert flagged(above) == np.flatnonzero(high > 5).tolist()
    assert flagged(below) == np.flatnonzero(low > 5).tolist()


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_attribute_charts(seed):
    rng = np.random.default_rng(seed)
    size = rng.integers(40, 400, 60)
    share = np.repeat(rng.choice([0.02, 0.02, 0.06], 6), 10)
    count = rng.binomial(size, share)
    samples = [
        Sample(i + 1, (), float(c), float(n)) for i, (c, n) in enumerate(zip(count, size, strict=True))
    ]
    p = count.sum() / size.sum()
    wide = 3 * np.sqrt(p * (1 - p) / size)
    (drawn,) = series_of(Kind.P, samples, limits_of(Kind.P, samples))
    expected = np.flatnonzero((count / size > p + wide) | (count / size < np.maximum(0, p - wide))).tolist()
    assert flagged(drawn) == expected
    (drawn,) = series_of(Kind.NP, samples, limits_of(Kind.NP, samples))
    assert flagged(drawn) == expected
    wide = 3 * np.sqrt(p / size)
    (drawn,) = series_of(Kind.U, samples, limits_of(Kind.U, samples))
    assert flagged(drawn) == outside(count / size - p, -np.minimum(wide, p), wide)
    (drawn,) = series_of(Kind.C, samples, limits_of(Kind.C, samples))
    mean = count.mean()
    assert flagged(drawn) == outside(count, max(0, mean - 3 * np.sqrt(mean)), mean + 3 * np.sqrt(mean))


def series(z):
    return Series("z", tuple(Point(i, float(v), 0.0, -3.0, 3.0, 1.0) for i, v in enumerate(z)), zones=True)


def window(z, i, length):
    return z[i - length + 1 : i + 1] if i >= length - 1 else None


def naive(rule, z):
    """The rule, straight from its sentence, at every point."""
    hits = []
    for i in range(len(z)):
        if rule is Rule.BEYOND:
            hit = abs(z[i]) > 3
        elif rule in (Rule.WE_2, Rule.NELSON_5):
            w = z[max(0, i - 2) : i + 1]
            hit = (z[i] > 2 and (w > 2).sum() >= 2) or (z[i] < -2 and (w < -2).sum() >= 2)
        elif rule in (Rule.WE_3, Rule.NELSON_6):
            w = z[max(0, i - 4) : i + 1]
            hit = (z[i] > 1 and (w > 1).sum() >= 4) or (z[i] < -1 and (w < -1).sum() >= 4)
        elif rule in (Rule.WE_4, Rule.NELSON_2):
            w = window(z, i, 8 if rule is Rule.WE_4 else 9)
            hit = w is not None and ((w > 0).all() or (w < 0).all())
        elif rule is Rule.NELSON_3:
            w = window(z, i, 6)
            hit = w is not None and ((np.diff(w) > 0).all() or (np.diff(w) < 0).all())
        elif rule is Rule.NELSON_4:
            w = window(z, i, 14)
            signs = np.sign(np.diff(w)) if w is not None else np.array([0, 0])
            hit = bool((signs[1:] == -signs[:-1]).all() and (signs != 0).all())
        elif rule is Rule.NELSON_7:
            w = window(z, i, 15)
            hit = w is not None and (np.abs(w) < 1).all()
        else:
            w = window(z, i, 8)
            hit = w is not None and (np.abs(w) > 1).all()
        if hit:
            hits.append(i)
    return hits


@settings(max_examples=150, deadline=None)
@given(SEEDS, st.floats(0.2, 2.5), st.floats(-1.5, 1.5), st.floats(-0.95, 0.95), st.booleans())
def test_every_rule_flags_the_same_points(seed, spread, shift, memory, rounded):
    """Autoregressive values with a shift; half of the runs rounded, so that ties and zeros occur."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, spread, 90)
    z = np.empty(90)
    z[0] = noise[0]
    for i in range(1, 90):
        z[i] = memory * z[i - 1] + noise[i]
    z = np.round(z + shift) if rounded else z + shift
    drawn = series(z)
    for rule in Rule:
        assert [b.index for b in breaks_of(drawn, [rule])] == naive(rule, z), rule


@pytest.mark.parametrize(
    ("rule", "z"),
    [
        (Rule.NELSON_4, [1, -1] * 7),
        (Rule.NELSON_7, [0.5, -0.5] * 8),
        (Rule.NELSON_8, [1.5, -1.5] * 4),
        (Rule.NELSON_3, [0, 0.1, 0.2, 0.3, 0.4, 0.5]),
        (Rule.WE_4, [0.1] * 8),
        (Rule.NELSON_2, [-0.1] * 9),
        (Rule.WE_3, [1.1, 1.1, 0, 1.1, 1.1]),
        (Rule.WE_2, [2.1, 0, 2.1]),
        (Rule.BEYOND, [3.1]),
    ],
)
def test_a_rule_speaks_at_the_point_that_completes_it(rule, z):
    assert next(b.index for b in breaks_of(series(z), [rule])) == (
        14 if rule is Rule.NELSON_7 else len(z) - 1
    )
    assert breaks_of(series(z[1:]), [rule])[:1] == () or rule is Rule.NELSON_7


def test_rules_are_switched_one_by_one_and_zones_only_where_they_hold():
    z = [0.5] * 9 + [3.5]
    assert {b.rule for b in breaks_of(series(z), [Rule.WE_4])} == {Rule.WE_4}
    assert [b.index for b in breaks_of(series(z), [Rule.BEYOND])] == [9]
    ranged = Series("Range", series(z).points, zones=False)
    assert {b.rule for b in breaks_of(ranged, list(Rule))} == {Rule.BEYOND}


def test_means_with_a_spread_of_their_own():
    rng = np.random.default_rng(3)
    data = rng.normal(0, 1, (60, 5)) + rng.normal(0, 3, (60, 1))
    samples = [Sample(i + 1, tuple(row)) for i, row in enumerate(data.tolist())]
    limits = limits_of(Kind.XBAR_S, samples, between=True)
    c4 = np.exp(np.log(2 / 59) / 2 + special.gammaln(30) - special.gammaln(29.5))
    assert limits.between == pytest.approx(data.mean(axis=1).std(ddof=1) / c4)
    assert limits.of_mean(5) == limits.between
    assert Limits(0.0, 2.0, 60).of_mean(4) == 1.0

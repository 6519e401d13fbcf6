import random
from math import log

import pytest

from domain import calibration as cal
from domain import drift


def sample(mean: float, count: int = 400, seed: int = 1) -> list[float]:
    draw = random.Random(seed)
    return [draw.gauss(mean, 1) for _ in range(count)]


def test_psi_and_ks_against_figures_by_hand() -> None:
    then, now = [1.0, 2.0, 3.0, 4.0, 5.0], [5.0, 6.0, 7.0, 8.0, 9.0]
    assert drift.ks(then, now) == pytest.approx(0.8)
    p, q = [1.5 / 7.5] * 5, [0.5 / 7.5] * 4 + [5.5 / 7.5]
    wanted = sum((b - a) * log(b / a) for a, b in zip(p, q, strict=True))
    assert drift.psi(then, now) == pytest.approx(wanted)


def test_the_same_source_has_not_moved_and_another_has() -> None:
    same = drift.moved(sample(0), sample(0, seed=2))
    other = drift.moved(sample(0), sample(3, seed=2))
    assert same is not None and not same.shifted and same.psi < 0.1
    assert other is not None and other.shifted
    assert drift.moved(sample(0, 10), sample(0)) is None


def test_ks_is_that_of_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    a, b = sorted(sample(0)), sorted(sample(0.4, 300, 2))
    assert drift.ks(a, b) == pytest.approx(stats.ks_2samp(a, b).statistic)


def case(stated: float, failed: bool = False, censored: bool = False, watched: int = 24) -> cal.Case:
    return cal.Case(stated, watched, failed, censored)


def test_few_cases_give_no_share() -> None:
    found = cal.calibration([case(0.1)] * 19)
    assert (found.cases, found.stated, found.found, found.brier, found.off) == (19, None, None, None, None)
    assert found.bins[0].found is None and found.bins[0].cases == 19


def test_without_censoring_it_counts_plainly() -> None:
    found = cal.calibration([case(0.1, failed=k < 10, watched=6 if k < 10 else 24) for k in range(100)])
    assert found.found == pytest.approx(0.1) and found.stated == pytest.approx(0.1)
    assert found.brier == pytest.approx((10 * 0.81 + 90 * 0.01) / 100)
    assert found.off is False
    assert cal.calibration([case(0.01, failed=k < 20) for k in range(100)]).off is True


def test_what_maintenance_hid_is_given_to_those_watched_as_long() -> None:
    """Half of all machines are maintained at hour 12, whatever their fate; failures come at hour 18."""
    fates = [(True, 18)] * 40 + [(False, 24)] * 60
    cases = [
        case(0.4, censored=True, watched=12) if k % 2 else case(0.4, failed=failed, watched=at)
        for k, (failed, at) in enumerate(fates)
    ]
    found = cal.calibration(cases)
    assert found.censored == 50 and found.cases == 50
    assert found.found == pytest.approx(0.4)
    assert cal.ipcw(cases)[0] == pytest.approx(2.0) and cal.ipcw(cases)[1] == 0.0


def test_early_failures_count_once_where_late_ends_are_hidden() -> None:
    """Failures at hour 6 are seen by all; of the others half are cut off at hour 12: the naive share
    is too high, the weighted one is right."""
    cases = [case(0.2, failed=True, watched=6)] * 20
    cases += [case(0.2, censored=True, watched=12)] * 40 + [case(0.2)] * 40
    assert cal.calibration(cases).found == pytest.approx(0.2)
    assert 20 / 60 > 0.3

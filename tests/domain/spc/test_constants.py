"""Control-chart constants against the published table."""

import pytest

from domain.errors import InvalidInput
from domain.spc import constants as k

# D. C. Montgomery, Introduction to Statistical Quality Control, appendix table VI ("Factors for
# constructing variables control charts"): n: A2, A3, c4, B3, B4, d2, d3, D3, D4.
MONTGOMERY = {
    2: (1.880, 2.659, 0.7979, 0, 3.267, 1.128, 0.853, 0, 3.267),
    3: (1.023, 1.954, 0.8862, 0, 2.568, 1.693, 0.888, 0, 2.574),
    4: (0.729, 1.628, 0.9213, 0, 2.266, 2.059, 0.880, 0, 2.282),
    5: (0.577, 1.427, 0.9400, 0, 2.089, 2.326, 0.864, 0, 2.114),
    6: (0.483, 1.287, 0.9515, 0.030, 1.970, 2.534, 0.848, 0, 2.004),
    7: (0.419, 1.182, 0.9594, 0.118, 1.882, 2.704, 0.833, 0.076, 1.924),
    8: (0.373, 1.099, 0.9650, 0.185, 1.815, 2.847, 0.820, 0.136, 1.864),
    9: (0.337, 1.032, 0.9693, 0.239, 1.761, 2.970, 0.808, 0.184, 1.816),
    10: (0.308, 0.975, 0.9727, 0.284, 1.716, 3.078, 0.797, 0.223, 1.777),
    15: (0.223, 0.789, 0.9823, 0.428, 1.572, 3.472, 0.756, 0.347, 1.653),
    20: (0.180, 0.680, 0.9869, 0.510, 1.490, 3.735, 0.729, 0.415, 1.585),
    25: (0.153, 0.606, 0.9896, 0.565, 1.435, 3.931, 0.708, 0.459, 1.541),
}
# H. L. Harter, Order Statistics and their Use in Testing and Estimation (1970): d2 and d3 to 5 digits.
HARTER = {2: (1.12838, 0.85250), 5: (2.32593, 0.86408), 10: (3.07751, 0.79705)}


@pytest.mark.parametrize("n", MONTGOMERY)
def test_the_published_table(n):
    ours = (k.a2(n), k.a3(n), k.c4(n), *k.b3_b4(n), k.d2(n), k.d3(n), *k.d3_d4(n))
    # The table was computed from rounded d2 and d3: one unit of its third digit.
    assert ours == pytest.approx(MONTGOMERY[n], abs=0.00151)
    assert k.c4(n) == pytest.approx(MONTGOMERY[n][2], abs=0.00006)


@pytest.mark.parametrize("n", HARTER)
def test_range_constants_to_five_digits(n):
    assert (k.d2(n), k.d3(n)) == pytest.approx(HARTER[n], abs=0.00002)


def test_a_subgroup_of_one_has_no_range():
    with pytest.raises(InvalidInput):
        k.d2(1)

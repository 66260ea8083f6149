"""Intervals of means: they cover the truth about as often as they say, on values that hang together too."""

import math

import numpy as np
import pytest
from scipy import stats

from power.traces.intervals import LEVEL, mean_interval, student

TRIALS = 400


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 9, 30, 400])
def test_students_quantile(freedom):
    assert student(freedom) == pytest.approx(stats.t.ppf(0.5 + LEVEL / 2, freedom), rel=0.005)


def coverage(draw) -> float:
    """The share of TRIALS in which the interval covers the true mean, 5.0."""
    random = np.random.default_rng(1)
    covered = 0
    for _ in range(TRIALS):
        found = mean_interval(*draw(random))
        covered += found.low <= 5.0 <= found.high
    return covered / TRIALS


def test_independent_values_of_unequal_weight_are_covered_at_the_stated_rate():
    def draw(random):
        weights = random.uniform(0.1, 1.0, 120)
        return 5.0 + random.standard_normal(120) / np.sqrt(weights), weights

    assert coverage(draw) == pytest.approx(LEVEL, abs=0.03)


@pytest.mark.parametrize(("keep", "least"), [(0.5, 0.88), (0.9, 0.85)])
def test_values_that_hang_together_are_covered_nearly_as_often(keep, least):
    def draw(random):
        noise = random.standard_normal(3000)
        values = np.empty(3000)
        last = noise[0] / math.sqrt(1 - keep**2)
        for at, step in enumerate(noise):
            last = keep * last + step
            values[at] = last
        return 5.0 + values, np.ones(3000)

    def blind(random):
        values, weights = draw(random)
        return random.permutation(values) - values.mean() + values.mean(), weights

    assert coverage(draw) >= least
    # To one who takes them for independent they seem known far better.
    assert coverage(blind) < 0.75


def test_few_values_of_skewed_size_are_covered():
    assert coverage(lambda random: (5.0 + random.exponential(1.0, 40) - 1.0, np.ones(40))) >= 0.90


def test_a_drift_is_noticed():
    random = np.random.default_rng(2)
    found = mean_interval(5.0 + np.linspace(0, 3, 200) + 0.1 * random.standard_normal(200), np.ones(200))
    assert found.correlated
    assert not mean_interval(5.0 + random.standard_normal(200), np.ones(200)).correlated


def test_one_value_has_no_interval_and_none_has_no_mean():
    one = mean_interval(np.array([5.0, 7.0]), np.array([1.0, 0.0]))
    assert (one.mean, one.low, one.high, one.batches) == (5.0, -math.inf, math.inf, 1)
    none = mean_interval(np.zeros(3), np.zeros(3))
    assert math.isnan(none.mean)
    assert none.batches == 0


def test_constant_values_are_known_exactly():
    found = mean_interval(np.full(50, 5.0), np.linspace(1, 2, 50))
    assert (found.low, found.high) == pytest.approx((5.0, 5.0))
    assert found.relative == pytest.approx(0.0, abs=1e-12)

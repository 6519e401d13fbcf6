"""A prediction, and the explanation that goes with it."""

from dataclasses import dataclass, replace
from enum import StrEnum

from domain.horizons import Curve


class PredictionStatus(StrEnum):
    """`not_known` comes with a reason: window not full, stale data, unknown machine type."""

    SCORED = "scored"
    NOT_KNOWN = "not_known"


@dataclass(frozen=True, slots=True)
class Prediction:
    """One score of one machine. Probability is for a functional failure in (at, at + horizon].

    Remaining life is in operating hours for the plant and in cycles for C-MAPSS (`life_unit`),
    `rul_low`..`rul_high` is a 90 % interval. All are None when the status is not_known.
    `curve` states the chance by several horizons, in the unit of life; empty where a model states none.
    """

    prediction_id: str
    equipment_id: str
    at_us: int
    status: PredictionStatus
    reason: str
    model_name: str
    model_version: str
    feature_version: str
    window_hash: str
    window_from_us: int
    window_to_us: int
    horizon_s: int
    life_unit: str
    probability: float | None
    rul: float | None
    rul_low: float | None
    rul_high: float | None
    above_threshold: bool
    curve: Curve = ()


LEARNING_FACTOR = 1.5


def while_learning(p: Prediction) -> Prediction:
    """The same prediction with the ends of its life half as far again from the middle.

    The interval was calibrated on machines whose usual values were known; until they are, nobody has counted
    how often it holds, so it claims less. What is stored stays as the model gave it.
    """
    if p.rul is None or p.rul_low is None or p.rul_high is None:
        return p
    low = max(0.0, p.rul - LEARNING_FACTOR * (p.rul - p.rul_low))
    return replace(p, rul_low=low, rul_high=p.rul + LEARNING_FACTOR * (p.rul_high - p.rul))


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one group (a sensor in a time segment) moved the probability by, from the base value.

    `segment` 0 is the oldest; `from_us`..`to_us` bounds it. `value` is in probability (0..1).
    `observed` and `usual` are the group's mean in the window and in the background, in `unit`.
    """

    metric: str
    segment: int
    from_us: int
    to_us: int
    value: float
    observed: float | None
    usual: float | None


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """The probability (0..1) that the model itself gave with one sensor as on healthy machines all through
    the window. There is none where no sensor alone brings the probability down.
    """

    metric: str
    probability: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """SHAP values of one prediction: base + sum(contributions) = probability, within the error."""

    prediction_id: str
    base_value: float
    output_value: float
    additivity_error: float
    background: str
    method: str
    contributions: tuple[Contribution, ...]
    counterfactual: Counterfactual | None = None

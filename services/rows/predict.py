"""What the screens of prediction read: machines by risk, one prediction with its explanation."""

from dataclasses import dataclass

from domain.prediction import Explanation, Prediction
from services.rows.maturity import MaturityRow

Point = tuple[int, float | None]


@dataclass(frozen=True, slots=True)
class RiskRow:
    """One machine and the newest prediction for it (None: never scored).

    `trend` holds (plant time, probability or None where it was not known), oldest first.
    `loss_cents` is the expected cost of running to failure: that of the open case, else `loss_is_rough`
    (services/stakes.py says how it is counted). None where the chance is not known.
    `backed`: failures that the model has learned from (None: its card does not say).
    `learning_until_us`: until when the machine's usual values are being learned anew, after `learning_why`.
    """

    equipment_id: str
    name: str
    line_id: str
    line_name: str
    machine_type: str
    prediction: Prediction | None
    since_us: int | None
    cause: str
    moved_by: tuple[str, ...]
    trend: tuple[Point, ...]
    data_us: int | None
    case_number: int | None
    loss_cents: int | None
    learning_until_us: int | None = None
    learning_why: str = ""
    backed: int | None = None
    loss_is_rough: bool = False


@dataclass(frozen=True, slots=True)
class RiskBoard:
    """All machines that the actor may see, riskiest first; `lines` are (id, name) to filter by."""

    rows: tuple[RiskRow, ...]
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """One sensor over time: (plant time, value); None marks a known gap."""

    metric: str
    unit: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Recomputation:
    """A prediction computed again. `state`: waiting, same, other or failed (`detail` says why).

    `probability` and `rul` are the figures of now, `difference` the largest of all, relative above 1.
    """

    state: str
    detail: str
    probability: float | None
    rul: float | None
    difference: float | None
    done_wall_us: int | None


@dataclass(frozen=True, slots=True)
class HorizonRow:
    """The chance of a failure within `at` operating hours (or cycles), and within `at` hours by the clock,
    of which the line is planned to produce `planned`; None where lives are counted in cycles."""

    at: float
    chance: float
    planned: float | None = None
    by_clock: float | None = None


@dataclass(frozen=True, slots=True)
class PredictionView:
    """One prediction with all that explains it. `request` is '', waiting, done or failed."""

    prediction: Prediction
    name: str
    line_id: str
    line_name: str
    machine_type: str
    explanation: Explanation | None
    request: str
    request_detail: str
    trends: tuple[Trend, ...]
    case_number: int | None
    newest_id: str
    data_us: int | None
    again: Recomputation | None = None
    horizons: tuple[HorizonRow, ...] = ()
    maturity: tuple[MaturityRow, ...] = ()

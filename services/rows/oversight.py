"""What people see of the AI as a whole: stops, drills, limits, and the plan for a stop."""

from dataclasses import dataclass

from domain.rules import Limit


@dataclass(frozen=True, slots=True)
class StopRow:
    """A stop or a drill. `model` is "" for all models; `ended_us` is None while it lasts.

    `withdrawn` and `opened` are case numbers, `machines` equipment names, `told` people's names. After
    a drill they say what a stop would have done.
    """

    stop_id: str
    model: str
    drill: bool
    reason: str
    by: str
    meaning: str
    record_hash: str
    from_us: int
    ended_us: int | None
    ended_by: str
    ended_reason: str
    withdrawn: tuple[int, ...]
    opened: tuple[int, ...]
    machines: tuple[str, ...]
    told: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AiStatus:
    """What the bar on top of every screen says: stops and drills under way, and open limit cases."""

    under_way: tuple[StopRow, ...]
    limit_cases: int
    machines: int
    zone: str


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model that advises at the site: its versions in use and its undecided cases."""

    name: str
    versions: tuple[str, ...]
    advice: int


@dataclass(frozen=True, slots=True)
class ShadowRow:
    """What a model in shadow would have advised, and what people did and what came meanwhile.

    `failed_us` is the machine's next failure within the horizon, `worked_us` the next maintenance.
    """

    model: str
    equipment_id: str
    equipment_name: str
    line_name: str
    title: str
    probability: float
    benefit_cents: int
    opened_us: int
    ended_us: int | None
    failed_us: int | None
    worked_us: int | None
    worked: str
    case_number: int | None
    over: bool


@dataclass(frozen=True, slots=True)
class ShadowView:
    """The models and whether each is in shadow here since when, and what they would have said."""

    models: tuple[tuple[str, int | None], ...]
    rows: tuple[ShadowRow, ...]
    may_set: bool


@dataclass(frozen=True, slots=True)
class StopView:
    """The screen of the stop: state, plan, limits and what there was."""

    status: AiStatus
    models: tuple[ModelRow, ...]
    limits: tuple[Limit, ...]
    stated: bool
    machine_types: tuple[str, ...]
    would_open: tuple[str, ...]
    told: tuple[tuple[str, str], ...]
    history: tuple[StopRow, ...]
    may_stop: bool
    may_resume: bool

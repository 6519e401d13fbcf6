"""An alarm's definition, from and to its row."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from domain.alarms.life import Priority
from domain.alarms.limit import Limit
from domain.clock import SECOND
from domain.edge import alert_on
from domain.errors import InvalidInput
from domain.telemetry import METRICS, MetricKind

NOT_RUNNING = "not_running"
LONGEST_DELAY_S = 3_600


@dataclass(frozen=True, slots=True)
class Definition:
    """What raises an alarm, and what it is good for: without a consequence and a response it is none.

    Only measured values can raise one: a model's risk is an alert, and no metric here. A gateway's alert
    (domain.edge.alert_metric) is judged there; the limit is then told here, not set.
    """

    alarm_id: str
    equipment_id: str
    position_id: str
    name: str
    metric: str
    high: bool
    limit_value: float
    priority: Priority
    consequence: str
    response: str
    deadband: float = 0.0
    on_delay_s: int = 0
    off_delay_s: int = 0
    suppress_when: str = ""
    active: bool = True
    version: int = 1

    def __post_init__(self) -> None:
        spec = METRICS.get(self.metric)
        gauge = spec is not None and spec.kind is MetricKind.GAUGE
        if not gauge and not self.from_gateway:
            raise InvalidInput(
                "an alarm watches a measured value; a model's risk is an alert, not an alarm", "metric"
            )
        if not self.name.strip() or not self.response.strip() or not self.consequence.strip():
            missing = next(n for n in ("name", "consequence", "response") if not getattr(self, n).strip())
            raise InvalidInput(
                "an alarm has a name, a consequence and a response: else nobody needs it", missing
            )
        if max(self.on_delay_s, self.off_delay_s) > LONGEST_DELAY_S:
            raise InvalidInput("a delay is an hour at most", "delays")
        if self.suppress_when not in ("", NOT_RUNNING):
            raise InvalidInput(f"{self.suppress_when!r} is no known reason to suppress an alarm")
        if self.from_gateway and self.suppress_when:
            raise InvalidInput("a gateway's alert does not know whether the machine runs", "metric")
        _ = self.limit

    @property
    def from_gateway(self) -> bool:
        """A gateway beside the machine judges it."""
        return alert_on(self.metric) is not None

    @property
    def watched(self) -> str:
        """The metric whose value is beyond the limit."""
        return watched(self.metric)

    @property
    def limit(self) -> Limit:
        """The rule behind it."""
        return Limit(
            self.high, self.limit_value, self.deadband, self.on_delay_s * SECOND, self.off_delay_s * SECOND
        )

    def columns(self) -> dict[str, Any]:
        """The columns of `alarm_definitions`, those on who and when aside."""
        return asdict(self) | {"priority": self.priority.value}


def watched(metric: str) -> str:
    """The metric that an alarm's metric is about: of a gateway's alert, the one that it watches."""
    found = alert_on(metric)
    return metric if found is None else found[0]


def definition_of(row: Mapping[str, Any]) -> Definition:
    """The inverse of `columns`."""
    fields = {name: row[name] for name in Definition.__dataclass_fields__}
    fields |= {
        "priority": Priority(row["priority"]),
        "high": bool(row["high"]),
        "active": bool(row["active"]),
    }
    return Definition(**fields)

"""A chart's definition as the rules of the field see it, from and to its row."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from domain.clock import HOUR, MINUTE, SECOND
from domain.errors import InvalidInput
from domain.spc.capability import Tolerance
from domain.spc.model import ATTRIBUTES, SUBGROUPED, Kind, Limits, Weights
from domain.spc.rules import Rule
from domain.telemetry import METRICS, MetricKind

METRIC, QUALITY = "metric", "quality"
WITHIN, BETWEEN = "within", "between"
LONGEST_TITLE = 120


@dataclass(frozen=True, slots=True)
class Chart:
    """What is charted, how it is sampled, and which rules speak.

    `source` metric: `metric` read while the machine executes (and makes `product_id`, if one is named),
    `subgroup_size` values spread over each `every_us`. `source` quality: counted parts of the MES.
    """

    chart_id: str
    equipment_id: str
    title: str
    kind: Kind
    source: str
    metric: str
    product_id: str = ""
    subgroup_size: int = 1
    every_us: int = HOUR
    spread: str = WITHIN
    rules: tuple[Rule, ...] = (Rule.BEYOND,)
    weights: Weights = field(default_factory=Weights)
    tolerance_low: float | None = None
    tolerance_high: float | None = None
    opens_case: bool = False
    cause: str = "unknown"
    active: bool = True
    version: int = 1

    def __post_init__(self) -> None:
        if not 1 <= len(self.title.strip()) <= LONGEST_TITLE:
            raise InvalidInput(f"a chart has a title of 1 to {LONGEST_TITLE} characters")
        if (self.source == QUALITY) != (self.kind in ATTRIBUTES):
            raise InvalidInput("p, np, c and u charts count parts; all others chart measured values")
        if self.source == METRIC and not self._measured():
            raise InvalidInput(f"{self.metric!r} is no measured value that a chart can show")
        if self.kind in SUBGROUPED and not 2 <= self.subgroup_size <= 25:
            raise InvalidInput("a subgroup holds 2 to 25 values")
        if self.kind is Kind.I_MR and self.subgroup_size != 1:
            raise InvalidInput("a chart of individual values has one value a sample")
        if self.kind not in SUBGROUPED and not 1 <= self.subgroup_size <= 25:
            raise InvalidInput("a sample holds 1 to 25 values")
        if not MINUTE <= self.every_us <= 24 * HOUR:
            raise InvalidInput("a sample stands for 1 minute to 24 hours")
        if self.spread not in (WITHIN, BETWEEN) or not self.rules:
            raise InvalidInput("a chart has a way to find its spread, and at least one rule")
        if self.tolerance_low is not None or self.tolerance_high is not None:
            Tolerance(self.tolerance_low, self.tolerance_high)

    def _measured(self) -> bool:
        spec = METRICS.get(self.metric)
        return spec is None or spec.kind is MetricKind.GAUGE

    @property
    def tolerance(self) -> Tolerance | None:
        """What is accepted, or None where nobody said."""
        if self.tolerance_low is None and self.tolerance_high is None:
            return None
        return Tolerance(self.tolerance_low, self.tolerance_high)

    def columns(self) -> dict[str, Any]:
        """The columns of `spc_charts`, those on who and when aside."""
        row = asdict(self)
        del row["every_us"]
        return row | {
            "kind": self.kind.value,
            "every_s": self.every_us // SECOND,
            "rules": ",".join(rule.value for rule in self.rules),
            "weights": json.dumps(asdict(self.weights), sort_keys=True),
        }


def chart_of(row: Mapping[str, Any]) -> Chart:
    """The inverse of `Chart.columns`; columns on who and when are passed over."""
    names = Chart.__dataclass_fields__.keys() - {"every_us"}
    fields = {name: row[name] for name in names}
    known = {rule.value for rule in Rule}
    fields |= {
        "kind": Kind(row["kind"]),
        "every_us": row["every_s"] * SECOND,
        "rules": tuple(Rule(r) for r in row["rules"].split(",") if r in known),
        "weights": Weights(**json.loads(row["weights"])),
        "opens_case": bool(row["opens_case"]),
        "active": bool(row["active"]),
    }
    return Chart(**fields)


def limits_from(row: Mapping[str, Any]) -> Limits:
    """Frozen limits from their row."""
    return Limits(row["level"], row["sigma"], row["samples"], row["between"])

"""Settings of a process: names, and the limits within which a setting may be moved."""

import math
from dataclasses import dataclass

from domain.errors import InvalidInput
from domain.telemetry import unit_text

MATERIAL = 0.1  # of the step: a change beyond it is to be read anew


def parameter_label(name: str) -> str:
    """`blank_holder_force` as people write it: `Blank holder force`."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def exact(value: float, unit: str = "") -> str:
    """A set point as it is sent, to six digits: people sign it."""
    return f"{value:,.6g} {unit_text(unit)}".rstrip()


def points(change: float) -> str:
    """A change of a share (0..1) in points of 100, with its sign: `\u22121.20`."""
    return f"{100 * change:+.2f}".replace("-", "\u2212")


def settings_of(product_id: str) -> str:
    """What a case about the settings of a product on a machine is about: one is open at a time."""
    return f"settings for {product_id}"


@dataclass(frozen=True, slots=True)
class SettingMove:
    """Which set point a model would move, and what it expects of it.

    `share` of bad parts (0..1) is expected as it is; `change` of it with its 90 % interval. `operations` of
    late stand behind it, of which `came` was bad (None: nothing was counted); `taught` taught the model. The
    limits that hold were validated by `validated_by` and entered by `entered_by` for `scope`.
    """

    product_id: str
    product: str
    parameter: str
    unit: str
    from_value: float
    to_value: float
    share: float
    change: float
    change_low: float
    change_high: float
    operations: int
    came: float | None
    taught: int
    low: float
    high: float
    limits_version: int
    validated_by: str
    entered_by: str
    scope: str

    def says_as(self, other: "SettingMove") -> bool:
        """Is it the same advice: the same setting, from where it was, to nearly where it was, under the same
        limits? Nearly: within a tenth of the step."""
        same = (self.parameter, self.from_value, self.limits_version, self.scope)
        near = abs(self.to_value - other.to_value) <= MATERIAL * abs(other.to_value - other.from_value)
        return near and same == (other.parameter, other.from_value, other.limits_version, other.scope)


@dataclass(frozen=True, slots=True)
class Limits:
    """Validated limits of a setting, both of them allowed. `version` grows with every change."""

    low: float
    high: float
    unit: str
    validated_by: str
    version: int = 1

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            raise InvalidInput("both limits are numbers", "low")
        if self.low >= self.high:
            raise InvalidInput("the lower limit lies below the upper one", "low")
        if not self.validated_by.strip():
            raise InvalidInput("name the trial or the report that validated these limits", "validated_by")

    def holds(self, value: float) -> bool:
        """Does a value lie within them?"""
        return self.low <= value <= self.high

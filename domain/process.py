"""Settings of a process: names, and the limits within which a setting may be moved."""

import math
from dataclasses import dataclass

from domain.errors import InvalidInput


def parameter_label(name: str) -> str:
    """`blank_holder_force` as people write it: `Blank holder force`."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


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

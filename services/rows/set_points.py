"""What came of a moved set point, as screens show it."""

from dataclasses import dataclass

from domain.set_points import Outcome


@dataclass(frozen=True, slots=True)
class MovedRow:
    """A judged case about a set point. `expected`: the change of the share of bad parts with its 90 %
    interval, None where another value than the advised one was approved."""

    number: int
    title: str
    proposed_by: str
    judged_us: int
    outcome: Outcome
    expected: tuple[float, float, float] | None

    @property
    def as_expected(self) -> bool | None:
        """Do the interval that was expected and the one that came overlap? None where either is missing."""
        o = self.outcome
        if self.expected is None or o.low is None or o.high is None:
            return None
        return o.low <= self.expected[2] and self.expected[1] <= o.high

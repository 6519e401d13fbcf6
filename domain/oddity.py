"""When something is odd, and since when: scores against a limit, half hour by half hour.

It begins once the score has lain above the limit for LASTING half hours in a row, and counts from the first
of them; it ends once it has lain below for CALM in a row. A pause of more than PAUSE_US forgets everything.
The false alarms that a threshold is set by are counted by the same rule.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.clock import DAY, HOUR

LASTING, CALM = 2, 8
PAUSE_US = 6 * HOUR
MONTH_US = 30 * DAY


@dataclass(frozen=True, slots=True)
class Oddity:
    """`since_us`: odd since (None: not odd). `rising_us`: since when it lies above without a pause.

    `above` and `below` count the half hours in a row; `at_us` is the newest of them.
    """

    since_us: int | None = None
    rising_us: int | None = None
    above: int = 0
    below: int = 0
    at_us: int | None = None

    def step(self, at_us: int, *, above: bool) -> "Oddity":
        """What is known after one more half hour that could be scored."""
        if self.at_us is not None and at_us - self.at_us > PAUSE_US:
            return Oddity().step(at_us, above=above)
        if not above:
            below = self.below + 1
            since = None if below >= CALM else self.since_us
            return Oddity(since, None, 0, min(below, CALM), at_us)
        rising = at_us if self.rising_us is None else self.rising_us
        count = min(self.above + 1, LASTING)
        since = rising if self.since_us is None and count >= LASTING else self.since_us
        return Oddity(since, rising, count, 0, at_us)


def begun(steps: Iterable[tuple[int, bool]]) -> list[tuple[int, int]]:
    """Each odd stretch of a machine: since when it is counted, and when it was first said.

    `steps`: (time, above the limit) in order of time.
    """
    found: list[tuple[int, int]] = []
    now = Oddity()
    for at_us, above in steps:
        before, now = now.since_us, now.step(at_us, above=above)
        if now.since_us is not None and now.since_us != before:
            found.append((now.since_us, at_us))
    return found

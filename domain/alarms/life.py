"""The life of an alarm (ISA-18.2 / IEC 62682) as pure functions over frozen states.

    normal --active--> unacknowledged --acknowledge--> acknowledged --clear--> normal
                            `--clear--> returned, unacknowledged --acknowledge--> normal
    any of them: shelved (a person, with a reason and an end), suppressed by design (the plant's state
    makes it meaningless), out of service (taken out for work on it)

The condition is followed in every state. While an alarm is shelved, suppressed or out of service it
asks for nobody; when that ends and the condition is still there, it asks anew.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from domain.clock import HOUR
from domain.errors import InvalidInput, NotNow

LONGEST_SHELF_US = 24 * HOUR


class Priority(StrEnum):
    """How soon an operator has to answer."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class State(StrEnum):
    """What an operator sees."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"
    OUT_OF_SERVICE = "out_of_service"


class Event(StrEnum):
    """What is written into the journal."""

    ACTIVATED = "activated"
    CLEARED = "cleared"
    ACKNOWLEDGED = "acknowledged"
    SHELVED = "shelved"
    UNSHELVED = "unshelved"
    SUPPRESSED = "suppressed"
    UNSUPPRESSED = "unsuppressed"
    REMOVED = "removed"
    RETURNED_TO_SERVICE = "returned_to_service"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm. `active`: the condition holds; `acked`: nobody has to be asked about it (any more)."""

    active: bool = False
    acked: bool = True
    shelved_until_us: int | None = None
    suppressed: bool = False
    out_of_service: bool = False

    @property
    def state(self) -> State:
        """The strongest of what holds: out of service, suppressed, shelved, then the condition."""
        if self.out_of_service:
            return State.OUT_OF_SERVICE
        if self.suppressed:
            return State.SUPPRESSED
        if self.shelved_until_us is not None:
            return State.SHELVED
        if self.active:
            return State.ACKNOWLEDGED if self.acked else State.UNACKNOWLEDGED
        return State.NORMAL if self.acked else State.RETURNED

    @property
    def hidden(self) -> bool:
        """True while it asks for nobody, whatever the condition."""
        return self.out_of_service or self.suppressed or self.shelved_until_us is not None


Step = tuple[Alarm, Event | None]


def condition(alarm: Alarm, active: bool) -> Step:
    """The condition came or went. Nothing happens when it is as it was."""
    if active == alarm.active:
        return alarm, None
    acked = alarm.acked if alarm.hidden or not active else False
    return replace(alarm, active=active, acked=acked), Event.ACTIVATED if active else Event.CLEARED


def acknowledge(alarm: Alarm) -> Step:
    """A person has seen it. NotNow when there is nothing to see."""
    if alarm.hidden or alarm.acked:
        raise NotNow("this alarm does not wait to be acknowledged")
    return replace(alarm, acked=True), Event.ACKNOWLEDGED


def shelve(alarm: Alarm, until_us: int, now_us: int) -> Step:
    """Put aside until a moment, for a day at most."""
    if alarm.out_of_service or alarm.suppressed:
        raise NotNow("this alarm is out of service or suppressed by design already")
    if not now_us < until_us <= now_us + LONGEST_SHELF_US:
        raise InvalidInput("an alarm can be shelved for 24 hours at most")
    return replace(alarm, shelved_until_us=until_us, acked=True), Event.SHELVED


def unshelve(alarm: Alarm) -> Step:
    """Take it back from the shelf; NotNow when it is not on it."""
    if alarm.shelved_until_us is None:
        raise NotNow("this alarm is not shelved")
    return _shown(replace(alarm, shelved_until_us=None)), Event.UNSHELVED


def on_time(alarm: Alarm, now_us: int) -> Step:
    """What time alone does: the end of a shelving."""
    if alarm.shelved_until_us is None or now_us < alarm.shelved_until_us:
        return alarm, None
    return unshelve(alarm)


def suppress(alarm: Alarm, wanted: bool) -> Step:
    """The plant's state makes it meaningless, or meaningful again."""
    if wanted == alarm.suppressed:
        return alarm, None
    if wanted:
        return replace(alarm, suppressed=True, acked=True), Event.SUPPRESSED
    return _shown(replace(alarm, suppressed=False)), Event.UNSUPPRESSED


def remove(alarm: Alarm) -> Step:
    """Out of service, for work on the alarm or its sensor."""
    if alarm.out_of_service:
        raise NotNow("this alarm is out of service already")
    return replace(alarm, out_of_service=True, acked=True), Event.REMOVED


def put_back(alarm: Alarm) -> Step:
    """Back into service."""
    if not alarm.out_of_service:
        raise NotNow("this alarm is in service")
    return _shown(replace(alarm, out_of_service=False)), Event.RETURNED_TO_SERVICE


def _shown(alarm: Alarm) -> Alarm:
    """It asks anew when nothing hides it any more and the condition holds."""
    return replace(alarm, acked=False) if alarm.active and not alarm.hidden else alarm

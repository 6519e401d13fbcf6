"""The life of an alarm against a model that is written apart, step by step in any order."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain.alarms import life
from domain.alarms.life import Alarm, Event, State
from domain.clock import HOUR
from domain.errors import InvalidInput, NotNow

DAY = 24 * HOUR


class AlarmLife(RuleBasedStateMachine):
    """The other side keeps plain facts: is the condition there, is somebody owed a look, what hides it."""

    def __init__(self):
        super().__init__()
        self.alarm, self.now = Alarm(), 1
        self.there = self.owed = self.suppressed = self.removed = False
        self.shelf = None
        self.journal = []

    def step(self, done):
        before = self.alarm
        self.alarm, event = done
        assert (event is None) == (self.alarm == before)
        if event is not None:
            self.journal.append(event)

    @property
    def hides(self):
        return self.suppressed or self.removed or self.shelf is not None

    @rule(there=st.booleans())
    def condition(self, there):
        self.step(life.condition(self.alarm, there))
        if there and not self.there and not self.hides:
            self.owed = True
        self.there = there

    @rule()
    def acknowledge(self):
        if self.owed and not self.hides:
            self.step(life.acknowledge(self.alarm))
            self.owed = False
        else:
            with pytest.raises(NotNow):
                life.acknowledge(self.alarm)

    @rule(hours=st.integers(-1, 30))
    def shelve(self, hours):
        until = self.now + hours * HOUR
        if self.suppressed or self.removed:
            with pytest.raises(NotNow):
                life.shelve(self.alarm, until, self.now)
        elif not 0 < hours <= 24:
            with pytest.raises(InvalidInput):
                life.shelve(self.alarm, until, self.now)
        elif self.shelf != until:
            self.step(life.shelve(self.alarm, until, self.now))
            self.shelf, self.owed = until, False

    @rule()
    def unshelve(self):
        if self.shelf is None:
            with pytest.raises(NotNow):
                life.unshelve(self.alarm)
            return
        self.step(life.unshelve(self.alarm))
        self.shelf = None
        self.appears()

    @rule(hours=st.integers(0, 30))
    def time_passes(self, hours):
        self.now += hours * HOUR
        self.step(life.on_time(self.alarm, self.now))
        if self.shelf is not None and self.now >= self.shelf:
            self.shelf = None
            self.appears()

    @rule(wanted=st.booleans())
    def suppress(self, wanted):
        self.step(life.suppress(self.alarm, wanted))
        was, self.suppressed = self.suppressed, wanted
        if wanted and not was:
            self.owed = False
        elif was and not wanted:
            self.appears()

    @rule()
    def remove(self):
        if self.removed:
            with pytest.raises(NotNow):
                life.remove(self.alarm)
            return
        self.step(life.remove(self.alarm))
        self.removed, self.owed = True, False

    @precondition(lambda self: self.removed)
    @rule()
    def put_back(self):
        self.step(life.put_back(self.alarm))
        self.removed = False
        self.appears()

    def appears(self):
        if self.there and not self.hides:
            self.owed = True

    @invariant()
    def both_sides_agree(self):
        if self.removed:
            expected = State.OUT_OF_SERVICE
        elif self.suppressed:
            expected = State.SUPPRESSED
        elif self.shelf is not None:
            expected = State.SHELVED
        elif self.there:
            expected = State.UNACKNOWLEDGED if self.owed else State.ACKNOWLEDGED
        else:
            expected = State.RETURNED if self.owed else State.NORMAL
        assert self.alarm.state is expected
        assert self.alarm.active == self.there  # the condition is followed whatever hides it

    @invariant()
    def the_journal_alternates(self):
        for one, other in ((Event.ACTIVATED, Event.CLEARED), (Event.SUPPRESSED, Event.UNSUPPRESSED)):
            mine = [e for e in self.journal if e in (one, other)]
            assert all(a is not b for a, b in itertools.pairwise(mine))


TestAlarmLife = AlarmLife.TestCase
TestAlarmLife.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def test_a_shelved_alarm_that_is_still_there_asks_anew():
    alarm, _ = life.condition(Alarm(), True)
    alarm, event = life.shelve(alarm, 5 * HOUR, HOUR)
    assert event is Event.SHELVED and alarm.state is State.SHELVED
    assert life.on_time(alarm, 4 * HOUR) == (alarm, None)
    alarm, event = life.on_time(alarm, 5 * HOUR)
    assert (event, alarm.state) == (Event.UNSHELVED, State.UNACKNOWLEDGED)
    gone = life.on_time(replace(alarm, shelved_until_us=6 * HOUR, active=False, acked=True), 6 * HOUR)[0]
    assert gone.state is State.NORMAL

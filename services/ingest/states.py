"""Keeps the state log true: appended in order, rebuilt from the readings where a value came late."""

from collections.abc import Iterable

from sqlalchemy import Connection

from data.store import history, state_log
from data.store.state_log import StateRow
from domain.clock import FOR_EVER_US
from domain.state_sources import MODE_METRICS, STATE_METRICS, mode_of, state_of
from domain.telemetry import MachineMode
from services.ingest.devices import DeviceBook
from services.ingest.judge import StateEvents
from services.kpi import dirty

Event = tuple[int, int | None, int | None]  # source time, state, mode
_PRODUCTION = int(MachineMode.PRODUCTION)  # the mode of a machine that never said one


class StateKeeper:
    """Remembers the last row and the newest source time per equipment. `forget()` after a rollback."""

    def __init__(self, book: DeviceBook) -> None:
        self._book = book
        self._last: dict[str, StateRow | None] = {}
        self._heard_us: dict[str, int] = {}

    def forget(self) -> None:
        """Read everything anew when it is needed."""
        self._last.clear()
        self._heard_us.clear()

    def keep(self, tx: Connection, events: StateEvents, receive_us: int) -> None:
        """Bring the log up to date. Call it after the readings are stored and before `latest` is."""
        self._load(tx, [unit for unit in events if unit not in self._last])
        fresh: dict[str, list[StateRow]] = {}
        for unit, found in events.items():
            changes = sorted((at, state, mode) for at, (state, mode) in found.items())
            first, newest = changes[0][0], changes[-1][0]
            before = self._last[unit]
            if before is not None and first > self._heard_us.get(unit, -1):
                fresh[unit] = self._follow(unit, before, changes)
            else:
                self._rebuild(tx, unit, first, receive_us)
                dirty.mark(tx, [(unit, first, state_log.next_after(tx, unit, newest) or FOR_EVER_US)])
            self._heard_us[unit] = max(newest, self._heard_us.get(unit, newest))
        state_log.append(tx, fresh, receive_us)

    def _load(self, tx: Connection, units: list[str]) -> None:
        if not units:
            return
        self._heard_us.update(state_log.newest_heard(tx, units))
        for unit in units:
            self._last[unit] = state_log.last_before(tx, unit, FOR_EVER_US)

    def _follow(self, unit: str, before: StateRow | None, events: Iterable[Event]) -> list[StateRow]:
        rows: list[StateRow] = []
        state, mode = (None, _PRODUCTION) if before is None else (before[1], before[2])
        for at, new_state, new_mode in events:
            now_state = state if new_state is None else new_state
            now_mode = mode if new_mode is None else new_mode
            if now_state is not None and (now_state != state or now_mode != mode):
                rows.append((at, now_state, now_mode))
            state, mode = now_state, now_mode
        if rows:
            self._last[unit] = rows[-1]
        return rows

    def _rebuild(self, tx: Connection, unit: str, from_us: int, receive_us: int) -> None:
        before = state_log.last_before(tx, unit, from_us)
        from_us = -FOR_EVER_US if before is None else from_us  # a mode alone leaves no row behind
        device = self._book.of_equipment(unit)
        merged: dict[int, list[int | None]] = {}
        known = device.metrics if device else {}
        for position, names, meaning in ((0, STATE_METRICS, state_of), (1, MODE_METRICS, mode_of)):
            for name in [name for name in names if name in known][:1]:
                for at, value in history.series(tx, known[name].metric_id, from_us):
                    merged.setdefault(at, [None, None])[position] = meaning(name, int(value))
        self._last[unit] = before
        rows = self._follow(unit, before, sorted((at, s, m) for at, (s, m) in merged.items()))
        state_log.replace_from(tx, unit, from_us, rows, receive_us)

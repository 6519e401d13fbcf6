"""Demand of machines by quarter hour: stored blocks where they are kept, and the rest from the counts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from domain.clock import HOUR, micros, utc
from domain.energy import QUARTER_US, Quarter, base_load
from services.energy import blocks, buckets
from services.energy.buckets import A_QUARTER, QUARTER

PER_HOUR = HOUR / QUARTER_US


@dataclass(frozen=True, slots=True)
class Demand:
    """Some machines together, by quarter hour (q,): kW (0 where nothing is known), whether anything is
    known, whether a part of it is estimated or missing, and whether a part was spread over a gap."""

    from_us: int
    kw: NDArray[np.float64]
    known: NDArray[np.bool_]
    estimated: NDArray[np.bool_]
    spread: NDArray[np.bool_]

    @property
    def kwh(self) -> NDArray[np.float64]:
        """Energy of each quarter hour."""
        return self.kw / PER_HOUR

    def quarters(self) -> list[Quarter]:
        """One by one."""
        times = range(self.from_us, self.from_us + len(self.kw) * QUARTER_US, QUARTER_US)
        each = zip(times, self.kw.tolist(), self.known.tolist(), self.estimated.tolist(), strict=True)
        return [Quarter(at, kw if known else None, guessed) for at, kw, known, guessed in each]

    def months(self, zone: ZoneInfo) -> Iterator["Demand"]:
        """The same by calendar month of a time zone."""
        at_us, end_us = self.from_us, self.from_us + len(self.kw) * QUARTER_US
        while at_us < end_us:
            day = utc(at_us).astimezone(zone)
            first = datetime(day.year + day.month // 12, day.month % 12 + 1, 1, tzinfo=zone)
            until_us = min(micros(first), end_us)
            own = slice((at_us - self.from_us) // QUARTER_US, (until_us - self.from_us) // QUARTER_US)
            yield Demand(at_us, self.kw[own], self.known[own], self.estimated[own], self.spread[own])
            at_us = until_us

    def peak(self) -> tuple[float, int] | None:
        """(kW, time) of the highest quarter hour; one with energy that was spread over a gap is no peak.
        Where a machine was not heard in it, it was that high at least (`lacks`)."""
        measured = self.known & ~self.spread
        if not measured.any():
            return None
        highest = int(np.argmax(np.where(measured, self.kw, -1.0)))
        return float(self.kw[highest]), self.from_us + highest * QUARTER_US

    def lacks(self, at_us: int) -> bool:
        """Whether a machine was not heard throughout the quarter hour that begins at a time."""
        return bool(self.estimated[(at_us - self.from_us) // QUARTER_US])

    def base(self) -> float | None:
        """The base load (domain.energy.base_load) of the quarter hours that were measured throughout."""
        return base_load(np.sort(self.kw[self.known & ~self.estimated]).tolist())


@dataclass(frozen=True, slots=True)
class Load:
    """Machines (u,) by quarter hour (q,): a column (u, q) for each name of `buckets.QUARTER`."""

    units: tuple[str, ...]
    from_us: int
    columns: Mapping[str, NDArray[Any]]

    def demand(self, chosen: Sequence[int] | None = None) -> Demand:
        """The chosen machines (all, unless said) together.

        A quarter hour in which a machine is unknown counts the others; it is marked as estimated. A machine
        of which nothing is known in all of the stretch (`unmetered`) is left out.
        """
        kwh, known, spread = (self._of(name, chosen) for name in ("kwh", "known", "spread"))
        lacking = (known < A_QUARTER) & known.any(axis=1, keepdims=True)
        filled = spread.max(axis=0) > 0
        return Demand(
            self.from_us,
            kwh.sum(axis=0, dtype=np.float64) * PER_HOUR,
            known.max(axis=0) > 0,
            lacking.any(axis=0) | filled,
            filled,
        )

    def unmetered(self) -> tuple[str, ...]:
        """The machines without any reading of an energy meter in or around the stretch."""
        heard = self.columns["known"].sum(axis=1).tolist()
        return tuple(unit for unit, known in zip(self.units, heard, strict=True) if not known)

    def idle_kwh(self) -> NDArray[np.float64]:
        """Energy of each machine (u,) while it is known to have stood.

        A bucket in which it stood throughout counts whole; in a mixed one the standing time counts with
        the machine's mean power when it stands, and never more than the quarter hour's mixed buckets hold.
        """
        whole = self.columns["stood_kwh"].sum(axis=1, dtype=np.float64)
        usual = whole / np.maximum(1, self.columns["stood"].sum(axis=1, dtype=np.int64))
        mixed = np.minimum(usual[:, None] * self.columns["mixed"], self.columns["mixed_kwh"])
        result: NDArray[np.float64] = whole + mixed.sum(axis=1, dtype=np.float64)
        return result

    def share(self, name: str, chosen: Sequence[int]) -> float:
        """The share of buckets that are `known` or `spread`, 0..1."""
        own = self._of(name, chosen)
        return float(own.sum(dtype=np.int64)) / max(1, own.size * A_QUARTER)

    def _of(self, name: str, chosen: Sequence[int] | None) -> NDArray[Any]:
        column = self.columns[name]
        return column if chosen is None else column[list(chosen)]


def load(tx: Connection, units: Sequence[str], from_us: int, to_us: int) -> Load:
    """The load of machines in [from, to), both on whole quarter hours."""
    first = from_us - from_us % QUARTER_US
    cells = np.zeros((len(units), (to_us - first) // QUARTER_US), QUARTER)
    for low, high, some in blocks.read(tx, units, first, cells):
        fresh = buckets.read(tx, [units[k] for k in some], low, high).quarters()
        cells[some, (low - first) // QUARTER_US : (high - first) // QUARTER_US] = fresh
    return Load(tuple(units), first, {name: cells[name].copy() for name in QUARTER.names or ()})

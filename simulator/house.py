"""A floor without a database: shifts, a random order book and a store room, for training history.

It follows the same calendar and products as the MES stand-in, but nobody orders anything through it.
"""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np

from domain.clock import HOUR, SECOND
from simulator.calendar import Calendar, is_open
from simulator.contract import JobCancel, JobRequest, Plan, TickReport
from simulator.layout import Layout

ORDER_H = (8.0, 40.0)
IN_STOCK = 0.92


class HouseFloor:
    """`contract.Floor` on the seed alone; deterministic when asked in order of time."""

    def __init__(self, layout: Layout, seed: int) -> None:
        self._layout = layout
        self._rng = np.random.default_rng([seed, 7])
        zone = ZoneInfo(layout.time_zone)
        self._calendars = [Calendar(line, zone) for line in layout.lines]
        self._line_of = np.array([unit.line for unit in layout.units])
        factors = np.array([unit.cycle_factor for unit in layout.units])
        self._cycles = np.array([[p.cycle_s] for p in layout.products]) * factors[None, :]
        lines = len(layout.lines)
        self._product = np.array([line.products[0] for line in layout.lines])
        self._until_us = np.zeros(lines, dtype=np.int64)

    def plan(self, from_us: int, to_us: int) -> Plan:
        """The middle of the tick decides."""
        at = (from_us + to_us) // 2
        opened = np.array([is_open(calendar.at(at), at) for calendar in self._calendars])
        for line in np.flatnonzero(self._until_us <= at):
            self._next_order(int(line), at)
        product = self._product[self._line_of]
        units = np.arange(product.size)
        return Plan(
            open=opened[self._line_of, 0],
            in_break=opened[self._line_of, 1],
            order=np.ones(product.size, dtype=bool),
            product=product,
            cycle_s=self._cycles[product, units],
        )

    def _next_order(self, line: int, at: int) -> None:
        choices = self._layout.lines[line].products
        self._product[line] = choices[int(self._rng.integers(len(choices)))]
        self._until_us[line] = at + int(self._rng.uniform(*ORDER_H) * HOUR)

    def requests(self) -> Sequence[JobRequest | JobCancel]:
        """Nobody orders anything."""
        return ()

    def take_part(self, part_id: str, unit: int, at_us: int, command_id: str | None) -> int:
        """In stock nine times in ten; else some hours later."""
        del part_id, unit, command_id
        if self._rng.random() < IN_STOCK:
            return at_us
        return at_us + int(self._rng.uniform(3, 20) * 3_600) * SECOND

    def report(self, report: TickReport) -> None:
        """Nothing is kept."""

    def flush(self) -> None:
        """Nothing is kept."""

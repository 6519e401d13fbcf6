"""The plan of a line: which order comes next, and when it should be done. Same seed, same orders."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.clock import HOUR, MINUTE, SECOND, utc
from simulator.calendar import ShiftTime, shifts_of
from simulator.layout import Layout, Line
from simulator.mes.names import line_no
from simulator.records.chance import between, chance

MIX = (0.5, 0.8, 1.0)  # cumulative shares of a line's products
ORDER_H = (6.0, 26.0)
EXPECTED_OEE = 0.78
FREEZE = 8 * HOUR


class Planner:
    """Draws the orders of one line and places them in its calendar."""

    def __init__(self, layout: Layout, line: Line, seed: int) -> None:
        self._layout, self.line, self._seed = layout, line, seed
        self._zone = ZoneInfo(layout.time_zone)
        pace = [layout.units[index] for index in line.units if layout.units[index].constraint_unit]
        self.constraint = (pace or [layout.units[line.units[0]]])[0]

    def cycle_s(self, product: int) -> float:
        """Planned cycle of a product at the constraint of the line."""
        return self._layout.products[product].cycle_s * self.constraint.cycle_factor

    def product(self, number: int) -> int:
        """Index of the product of the line's order number `number`."""
        draw = chance(self._seed, self.line.index, "product", number)
        place = sum(draw >= share for share in MIX[: len(self.line.products) - 1])
        return self.line.products[place]

    def gap_us(self, number: int) -> int:
        """How long the line waits for the papers before this order; mostly not at all."""
        if chance(self._seed, self.line.index, "gap", number) >= 0.06:
            return 0
        return int(between(10, 45, self._seed, self.line.index, "gap length", number) * MINUTE)

    def order(self, number: int, not_before_us: int, now_us: int) -> dict[str, Any]:
        """A row of `work_orders`, released now."""
        product = self.product(number)
        hours = between(*ORDER_H, self._seed, self.line.index, "size", number)
        quantity = float(max(10, round(hours * 3_600 * EXPECTED_OEE / self.cycle_s(product), -1)))
        start, end = self._place(not_before_us, int(hours * HOUR))
        slack = between(0, 24, self._seed, self.line.index, "slack", number)
        return {
            "order_no": f"WO-{line_no(self.line)}-{number:05d}",
            "line": line_no(self.line),
            "product_no": self._layout.products[product].product_id,
            "quantity": quantity,
            "released_at": now_us,
            "planned_start": start,
            "planned_end": end,
            "due": end + int(slack * HOUR),
            "actual_start": None,
            "actual_end": None,
            "status": "Released",
            "good": 0.0,
            "scrap": 0.0,
        }

    def shifts_from(self, us: int, days: int) -> list[ShiftTime]:
        """The shifts of the local day of `us` and of the days after it."""
        first = utc(us).astimezone(self._zone).date()
        return [
            shift
            for day in range(days)
            for shift in shifts_of(self.line, first + timedelta(days=day), self._zone)
        ]

    def _place(self, from_us: int, work_us: int) -> tuple[int, int]:
        """Start and end of `work_us` of open time, from `from_us` on."""
        begun: int | None = None
        left = work_us
        for shift in self.shifts_from(from_us - 12 * HOUR, 2 + work_us // (6 * HOUR)):
            for begin, end in ((shift.start_us, shift.break_start_us), (shift.break_end_us, shift.end_us)):
                at = max(begin, from_us)
                if at >= end:
                    continue
                begun = at if begun is None else begun
                if end - at >= left:
                    return begun, at + left
                left -= end - at
        return (from_us if begun is None else begun), from_us + 2 * work_us


def shift_row(line: Line, shift: ShiftTime) -> dict[str, Any]:
    """A row of `shifts`."""
    return {
        "shift_no": f"{line_no(line)}-{shift.day.isoformat()}-{shift.name}",
        "line": line_no(line),
        "name": shift.name,
        "starts_at": shift.start_us,
        "ends_at": shift.end_us,
        "break_starts_at": shift.break_start_us,
        "break_s": (shift.break_end_us - shift.break_start_us) // SECOND,
        "frozen_at": shift.start_us - FREEZE,
    }

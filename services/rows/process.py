"""What the screen *Process settings* shows."""

from dataclasses import dataclass

from domain.process import Limits
from services.rows.calendars import ChangeRow


@dataclass(frozen=True, slots=True)
class SettingRow:
    """A setting of a machine with a product, over the operations of the last days.

    `value` and `set_point` are those of the newest operation; `set_point` is None where the MES does not say
    it, `limits` where nobody has validated any. `scope` is the place that the limits were entered for.
    """

    equipment_id: str
    equipment_name: str
    product_id: str
    product: str
    parameter: str
    unit: str
    at_us: int
    value: float
    set_point: float | None
    runs: int
    lowest: float
    highest: float
    limits: Limits | None
    scope: str = ""

    @property
    def outside(self) -> bool:
        """Did an operation run outside the limits that hold now?"""
        return self.limits is not None and not (
            self.limits.holds(self.lowest) and self.limits.holds(self.highest)
        )


@dataclass(frozen=True, slots=True)
class SettingsView:
    """Settings by product, machine and name, of so many days; the products among them; the last changes."""

    rows: tuple[SettingRow, ...]
    products: tuple[tuple[str, str], ...]
    days: int
    changes: tuple[ChangeRow, ...]

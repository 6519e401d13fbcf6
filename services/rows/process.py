"""What the screen *Process settings* shows."""

from dataclasses import dataclass

from domain.csv_file import Wrong
from domain.limit_file import Line
from domain.process import Limits
from services.rows.calendars import ChangeRow


@dataclass(frozen=True, slots=True)
class LimitEntry:
    """One line of a file of limits with the ids behind its names. `before` holds now at this very place, and
    `known` says that the line says the same."""

    line: Line
    scope: str
    scope_name: str
    product_id: str
    parameter: str
    limits: Limits
    before: Limits | None

    @property
    def known(self) -> bool:
        """True where nothing would change."""
        b, n = self.before, self.limits
        return b is not None and (b.low, b.high, b.validated_by) == (n.low, n.high, n.validated_by)


@dataclass(frozen=True, slots=True)
class CheckedLimits:
    """What a file of limits would enter, and everything that is wrong with it. `digest` is another one as
    soon as taking it in would do something else."""

    entries: tuple[LimitEntry, ...]
    wrong: tuple[Wrong, ...]
    digest: str


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
class AdviceRow:
    """What the model of scrap says of a product on a machine. `parameter` is empty where it advises nothing,
    for `why_not`; else `from_value` to `to_value`, the share of bad parts expected as it is, and its change
    with the 90 % interval. `operations` of late (of which `came` is the share that came) and `taught` ones of
    training stand behind it."""

    equipment_id: str
    equipment_name: str
    product: str
    parameter: str
    unit: str
    from_value: float
    to_value: float
    share: float
    change: float
    change_low: float
    change_high: float
    at_us: int
    operations: int
    taught: int
    came: float | None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class AdviceView:
    """Advice, the largest fall first, what is not advised behind; `silent` says why there is none at all."""

    rows: tuple[AdviceRow, ...]
    model: str = ""
    silent: str = ""


@dataclass(frozen=True, slots=True)
class SettingsView:
    """Settings by product, machine and name, of so many days; the products among them; the last changes."""

    rows: tuple[SettingRow, ...]
    products: tuple[tuple[str, str], ...]
    days: int
    changes: tuple[ChangeRow, ...]

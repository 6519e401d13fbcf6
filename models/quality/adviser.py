"""A checked model of scrap, ready to say what a setting does and which one to move."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from domain.errors import SettingsError, Tampered
from models.card import GOLDEN_FILE, MODEL_FILE
from models.quality.card import read_card
from models.quality.cases import Operation
from models.quality.features import FEATURE_VERSION, Basis
from models.session import BATCH, open_session

TOLERANCE = 1e-4
STEPS = 40  # into which the range of a setting is divided
LOW, HIGH = 5, 95  # of a hundred members: the 90 % interval
LEAST_FALL = 0.002  # a smaller fall of the share is not worth a person's time
Shares = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Expected:
    """A share of bad parts, or its change, with its 90 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Move:
    """Advice: move one setting by so much. `before` and `after` are shares of bad parts, `change` is the
    difference; `operations` of training stand behind the product."""

    parameter: str
    by: float
    before: Expected
    after: Expected
    change: Expected
    operations: int


class Adviser:
    """Its card and its ONNX file.

    SettingsError when a file is missing or made for other features, Tampered when the model is not its card's
    or does not answer its golden cases as recorded.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.card = folder, read_card(folder)
        if self.card.feature_version != FEATURE_VERSION:
            raise SettingsError(
                f"model {self.card.name} was made for {self.card.feature_version}: train it anew"
            )
        self.basis = Basis(self.card.products, self.card.machines)
        self._session = open_session(folder / MODEL_FILE)
        if not (folder / GOLDEN_FILE).is_file():
            raise SettingsError(f"no model in {folder}: {GOLDEN_FILE} is missing")
        with np.load(folder / GOLDEN_FILE, allow_pickle=False) as golden:
            found, known = self._run(golden["inputs"]), golden["shares"]
        if found.shape != known.shape or not np.allclose(found, known, atol=TOLERANCE):
            raise Tampered(f"the model in {folder} does not answer its golden cases as recorded")

    def covers(self, one: Operation) -> bool:
        """Does it know the product with its settings, and the machine?"""
        return self.basis.covers(one)

    def shares(self, operations: Sequence[Operation]) -> Shares:
        """Shares of bad parts (N, 1 + M) of operations that are covered: its own, its members'."""
        return self._run(self.basis.rows(operations))

    def expected(self, one: Operation) -> Expected:
        """The share of one operation that is covered."""
        return _expected(self.shares([one])[0])

    def move(
        self,
        lately: Sequence[Operation],
        set_points: Mapping[str, float],
        within: Mapping[str, tuple[float, float]],
    ) -> Move | None:
        """Which one setting to move, from what operations of a product on a machine ran with lately.

        A set point goes to where the expected fall is largest, inside `within` (validated limits by name; a
        setting without any stays) and inside what training saw. None where the model does not hold: a product
        or machine that it does not know, settings that explained nothing, a state that training did not see,
        or no setting of which 19 of 20 members say that scrap falls.
        """
        if not lately or not all(self.covers(one) and self._seen(one) for one in lately):
            return None
        product = self.card.products[lately[0].product_id]
        if not product.advises:
            return None
        now, found = self.shares(lately).mean(axis=0), list[Move]()
        for setting in product.settings:
            if setting.name not in within or setting.name not in set_points:
                continue
            low, high = within[setting.name]
            low, high = max(low, setting.low), min(high, setting.high)
            if low < high:
                aims = np.linspace(low, high, STEPS + 1) - set_points[setting.name]
                found += [self._moved(lately, now, setting.name, float(by)) for by in aims]
        sure = [one for one in found if one.change.high < 0 and -one.change.value >= LEAST_FALL]
        return min(sure, key=lambda one: one.change.value, default=None)

    def _moved(self, lately: Sequence[Operation], now: Shares, name: str, by: float) -> Move:
        there = [replace(one, settings={**one.settings, name: one.settings[name] + by}) for one in lately]
        then = self.shares(there).mean(axis=0)
        product = self.card.products[lately[0].product_id]
        change = _expected(then - now)
        return Move(name, by, _expected(now), _expected(then), change, product.operations)

    def _seen(self, one: Operation) -> bool:
        """Does every setting lie where training saw it, or a spread away at most?"""
        settings = self.card.products[one.product_id].settings
        return all(s.low - s.scale <= one.settings[s.name] <= s.high + s.scale for s in settings)

    def _run(self, inputs: npt.NDArray[np.float32]) -> Shares:
        rows = np.ascontiguousarray(inputs, dtype=np.float32)
        parts = [
            self._session.run(["shares"], {"X": rows[at : at + BATCH]})[0]
            for at in range(0, max(1, len(rows)), BATCH)
        ]
        return np.concatenate(parts).astype(np.float64)


def _expected(members: Shares) -> Expected:
    low, high = np.percentile(members[1:], (LOW, HIGH))
    value = float(members[0])
    return Expected(value, min(value, float(low)), max(value, float(high)))

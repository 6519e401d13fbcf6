"""An operation as numbers: the same code for training and serving.

Each product has columns of its own: one for itself, and for each of its settings the distance from the
middle and its square (in spreads, cut at REACH). Each machine has a column. A column of what an operation is
not of is 0.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from models.quality.card import Product
from models.quality.cases import Operation

FEATURE_VERSION = "process-1"
REACH = 4.0
Inputs = npt.NDArray[np.float32]


class Basis:
    """Where the columns of products and machines stand."""

    def __init__(self, products: Mapping[str, Product], machines: Sequence[str]) -> None:
        self.products = products
        self._machines = {name: place for place, name in enumerate(machines)}
        self._begin: dict[str, int] = {}
        at = len(self._machines)
        for name, product in products.items():
            self._begin[name] = at
            at += 1 + 2 * len(product.settings)
        self.width = at

    def covers(self, one: Operation) -> bool:
        """Is its product known, with all of its settings, and its machine?"""
        product = self.products.get(one.product_id)
        known = product is not None and all(setting.name in one.settings for setting in product.settings)
        return known and one.equipment_id in self._machines

    def rows(self, operations: Sequence[Operation]) -> Inputs:
        """Inputs (N, F) of operations that are covered."""
        found = np.zeros((len(operations), self.width), np.float32)
        for row, one in zip(found, operations, strict=True):
            begin, product = self._begin[one.product_id], self.products[one.product_id]
            row[begin] = 1.0
            row[self._machines[one.equipment_id]] = 1.0
            for place, setting in enumerate(product.settings):
                z = (one.settings[setting.name] - setting.centre) / setting.scale
                z = min(max(z, -REACH), REACH)
                row[begin + 1 + 2 * place : begin + 3 + 2 * place] = z, z * z
        return found

    def setting_columns(self, product_id: str) -> dict[str, slice]:
        """The two columns of each setting of a product."""
        begin = self._begin[product_id] + 1
        settings = self.products[product_id].settings
        return {one.name: slice(begin + 2 * k, begin + 2 * k + 2) for k, one in enumerate(settings)}

    @property
    def of_settings(self) -> npt.NDArray[np.bool_]:
        """Which columns (F,) are of settings."""
        found = np.zeros(self.width, bool)
        for name in self.products:
            for columns in self.setting_columns(name).values():
                found[columns] = True
        return found

"""What a controller puts on the wire: canonical metric names, types and rounded values of one unit."""

import math
from typing import NamedTuple

import numpy as np

from data.wire.sparkplug import DataType
from simulator.contract import Floats
from simulator.physics.signals import GAUGES
from simulator.world import Sample

Number = int | float
DIGITS = 5


class Column(NamedTuple):
    """One metric: its name, Sparkplug type and alias."""

    name: str
    datatype: DataType
    alias: int


METRICS: tuple[Column, ...] = (
    *(Column(name, DataType.FLOAT, alias) for alias, name in enumerate(GAUGES, 1)),
    Column("state", DataType.INT32, 20),
    Column("mode", DataType.INT32, 21),
    Column("good_count", DataType.INT64, 22),
    Column("scrap_count", DataType.INT64, 23),
    Column("energy", DataType.DOUBLE, 24),
)


class Reading(NamedTuple):
    """One unit at one time; `values` in the order of METRICS, None where a sensor says nothing."""

    at_ms: int
    values: tuple[Number | None, ...]


def readings(sample: Sample) -> list[Reading]:
    """One reading per unit, in the order of the layout."""
    at_ms = sample.at_us // 1_000
    gauges = _rounded(sample.gauges).T.tolist()
    whole = zip(
        sample.state.tolist(),
        sample.mode.tolist(),
        sample.good.tolist(),
        sample.scrap.tolist(),
        sample.energy.tolist(),
        strict=True,
    )
    return [
        Reading(at_ms, (*_spoken(row), state, mode, good, scrap, round(energy, 3)))
        for row, (state, mode, good, scrap, energy) in zip(gauges, whole, strict=True)
    ]


def _rounded(values: Floats) -> Floats:
    """To DIGITS significant digits."""
    size = np.floor(
        np.log10(np.maximum(np.abs(values), 1e-9), where=np.isfinite(values), out=np.zeros(values.shape))
    )
    scale = 10.0 ** (DIGITS - 1 - size)
    return np.asarray(np.round(values * scale) / scale)


def _spoken(row: list[float]) -> list[float | None]:
    return [None if math.isnan(value) else value for value in row]

"""Capability of a process and of a machine against its tolerance.

Cp, Cpk use the spread within subgroups, Pp, Ppk the spread of all values (ISO 22514-2; Montgomery,
chapter 8). Cm, Cmk are Cp, Cpk of a short run of one machine: at least 50 parts in a row, spread of
all of them (ISO 22514-3; ISO 22400-2 writes Cm = (USL - LSL) / 6 s). Intervals are in
services.spc.intervals, they need quantiles.
"""

from dataclasses import dataclass

from domain.errors import InvalidInput

MACHINE_RUN = 50


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Limits of what a customer accepts; one of them may be missing."""

    lower: float | None
    upper: float | None

    def __post_init__(self) -> None:
        if self.lower is None and self.upper is None:
            raise InvalidInput("a tolerance has at least one limit")
        if self.lower is not None and self.upper is not None and self.lower >= self.upper:
            raise InvalidInput("the lower limit of a tolerance lies below the upper one")


@dataclass(frozen=True, slots=True)
class Indices:
    """Spread against tolerance (`wide`: Cp, Pp, Cm; None with one limit only), and the nearer side
    (`near`: Cpk, Ppk, Cmk)."""

    wide: float | None
    near: float
    sigma: float


def indices(mean: float, sigma: float, tolerance: Tolerance) -> Indices:
    """wide = (U - L) / 6 sigma; near = min(U - mean, mean - L) / 3 sigma. InvalidInput without spread."""
    if not sigma > 0:
        raise InvalidInput("without spread there is no capability: is the sensor stuck?")
    low, high = tolerance.lower, tolerance.upper
    wide = None if low is None or high is None else (high - low) / (6 * sigma)
    sides = [] if high is None else [(high - mean) / (3 * sigma)]
    sides += [] if low is None else [(mean - low) / (3 * sigma)]
    return Indices(wide, min(sides), sigma)

"""From the units that machines send to those in which values are kept (domain.telemetry)."""

from typing import NamedTuple


class Conversion(NamedTuple):
    """kept = sent * factor + offset."""

    factor: float = 1.0
    offset: float = 0.0

    def of(self, value: float) -> float:
        """The value in the unit in which it is kept."""
        return value * self.factor + self.offset


SAME = Conversion()
# kept unit -> sent unit -> conversion; exact by definition of the units, 1 psi = 6.894757293168 kPa
_KNOWN: dict[str, dict[str, Conversion]] = {
    "degC": {"degF": Conversion(5 / 9, -160 / 9), "K": Conversion(1, -273.15)},
    "kPa": {
        "Pa": Conversion(0.001),
        "hPa": Conversion(0.1),
        "mbar": Conversion(0.1),
        "bar": Conversion(100),
        "MPa": Conversion(1_000),
        "psi": Conversion(6.894757293168),
    },
    "A": {"mA": Conversion(0.001), "kA": Conversion(1_000)},
    "kW": {"W": Conversion(0.001), "MW": Conversion(1_000)},
    "kWh": {"Wh": Conversion(0.001), "MWh": Conversion(1_000), "MJ": Conversion(1 / 3.6)},
    "mm/s": {"m/s": Conversion(1_000), "cm/s": Conversion(10), "in/s": Conversion(25.4)},
    "m/s2": {"mm/s2": Conversion(0.001), "g": Conversion(9.80665)},
    "1/min": {"Hz": Conversion(60), "1/s": Conversion(60)},
    "%": {"1": Conversion(100)},
}
_SPELLINGS = {
    "°C": "degC", "C": "degC", "celsius": "degC", "°F": "degF", "F": "degF", "fahrenheit": "degF",
    "kelvin": "K",    "rpm": "1/min", "m/s²": "m/s2", "percent": "%", "amps": "A",
}  # fmt: skip


def known(unit: str) -> str:
    """The spelling used here of a unit however written."""
    return _SPELLINGS.get(unit, unit)


def conversion(sent: str, kept: str) -> Conversion | None:
    """How to read `sent` as `kept`; None when nobody knows. No unit at all changes nothing."""
    sent, kept = known(sent), known(kept)
    if not sent or not kept or sent == kept:
        return SAME
    return _KNOWN.get(kept, {}).get(sent)


def convertible(kept: str) -> tuple[str, ...]:
    """The units that can be read as `kept`."""
    return (kept, *_KNOWN.get(kept, {}))

"""What technicians find and what their work does to the true condition: imperfectly."""

from dataclasses import dataclass

import numpy as np

from domain.messages import Finding
from simulator.contract import CAUSES
from simulator.physics.parameters import Parameters
from simulator.physics.wear import LEAK, OVERHEATING, TOOL, Wear

SEEN_FROM = 0.3  # damage that a good look finds
MISTAKEN = 0.05
INCOMPLETE = 0.06
FOUND_IN_SERVICE = 0.5


@dataclass(frozen=True, slots=True)
class Found:
    """The finding, and the cause that the technician names (not always the true one)."""

    finding: Finding
    cause: str


def inspect(wear: Wear, unit: int, cause: str, failed_cause: str, rng: np.random.Generator) -> Found:
    """As found. `failed_cause` is "" unless the unit had failed; `cause` is what the job is for."""
    if failed_cause:
        named = failed_cause if rng.random() > MISTAKEN else str(rng.choice(CAUSES))
        return Found(Finding.FAILED, named)
    damage = wear.damage[:, unit]
    seen = rng.random(5) < _visibility(damage)
    asked = CAUSES.index(cause) if cause in CAUSES else -1
    if asked >= 0 and seen[asked]:
        return Found(Finding.DEGRADED, cause)
    others = [k for k in range(5) if seen[k] and k != asked]
    if others:
        worst = max(others, key=lambda k: float(damage[k]))
        return Found(Finding.OTHER_FAULT, CAUSES[worst])
    return Found(Finding.NOTHING_FOUND, "")


def _visibility(damage: np.ndarray) -> np.ndarray:
    visible = 1 / (1 + np.exp(-(damage - SEEN_FROM) * 18))
    visible[TOOL] = 1 / (1 + np.exp(-(damage[TOOL] - 0.62) * 25))  # a tool is meant to wear
    return np.asarray(np.where(damage > 0.05, visible, 0.0))


def restore(
    wear: Wear, unit: int, causes: tuple[str, ...], parameters: Parameters, rng: np.random.Generator
) -> None:
    """Put new parts in for `causes`; one in seventeen repairs leaves some of the damage."""
    which = np.zeros(wear.damage.shape, dtype=bool)
    for cause in causes:
        if cause in CAUSES:
            which[CAUSES.index(cause), unit] = True
    left = wear.damage[:, unit] * rng.uniform(0.2, 0.5)
    tau = wear.tau[:, unit].copy()
    wear.renew(which, parameters, rng)
    if rng.random() < INCOMPLETE:
        keep = which[:, unit] & (left > 0.1)
        wear.damage[:, unit] = np.where(keep, left, wear.damage[:, unit])
        wear.tau[:, unit] = np.where(keep, tau, wear.tau[:, unit])


def service(wear: Wear, unit: int, parameters: Parameters, rng: np.random.Generator) -> Found:
    """Preventive maintenance by the calendar: cleaning, greasing, new tools, a look around."""
    found = inspect(wear, unit, "", "", rng)
    repaired: tuple[str, ...] = ("tool",)
    if found.cause and rng.random() < FOUND_IN_SERVICE:
        repaired = (*repaired, found.cause)
    else:
        found = Found(Finding.NOTHING_FOUND, "")
    restore(wear, unit, repaired, parameters, rng)
    wear.used[OVERHEATING, unit] *= 0.3
    wear.used[LEAK, unit] *= 0.6
    if wear.damage[OVERHEATING, unit] < 0.5:
        wear.damage[OVERHEATING, unit] = 0.0
    return found

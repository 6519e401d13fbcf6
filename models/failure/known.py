"""What training saw of engines, and how far an answer about another engine can rest on it.

    python -m models.failure.known --model MODEL --data cmapss:DIR:FD001

adds to the card of a model that was trained before this was kept, from the data that it was trained on; the
network stays as it is. A model that is trained now has it from the start.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from domain.errors import SettingsError
from models.dataspec import DataSpec
from models.failure import cmapss, conditions
from models.failure.card import Card, KnownNote, read_card, write_card

Floats = npt.NDArray[np.floating]
ENOUGH = 30  # cycles of history that an answer rests on
BEYOND = 0.5  # of a sensor's span: so far outside of it a reading is not one of this fleet in these units
ODD_SHARE = 0.2  # of the readings of a window
STUCK = 20  # equal readings in a row, and twice what training saw


@dataclass(frozen=True, slots=True)
class Trust:
    """How much of what an answer needs is there (0 to 1), and what is wrong with the readings, if any is."""

    share: float
    why: str = ""


def note(runs: Sequence[cmapss.Engine], sensors: Sequence[str]) -> KnownNote:
    """Conditions, least and largest reading by condition and sensor, and longest runs of equal readings."""
    centres = cmapss.centres(list(runs))
    settings, values = (
        np.concatenate(part) for part in zip(*((r.settings, r.sensors) for r in runs), strict=True)
    )
    columns = [cmapss.SENSORS.index(name) for name in sensors]
    place, values = conditions.places(settings, centres), values[:, columns]
    own = [values[place == k] for k in range(len(centres))]
    still = np.max([longest(run.sensors[:, columns]) for run in runs], axis=0)
    return KnownNote(
        sensors=tuple(sensors),
        conditions=tuple(map(tuple, centres.tolist())),
        low=tuple(tuple(part.min(axis=0).tolist()) for part in own),
        high=tuple(tuple(part.max(axis=0).tolist()) for part in own),
        still=tuple(still.tolist()),
    )


def longest(values: Floats) -> npt.NDArray[np.int64]:
    """The longest run of equal readings of each sensor in (n, S), (S,)."""
    now = best = np.ones(values.shape[1], dtype=np.int64)
    for equal in values[1:] == values[:-1]:
        now = np.where(equal, now + 1, 1)
        best = np.maximum(best, now)
    return best


def _run(values: Floats) -> npt.NDArray[np.int64]:
    """How many readings at the end of (n, S) are equal, (S,)."""
    other = values[::-1] != values[-1]
    return np.asarray(np.where(other.any(axis=0), other.argmax(axis=0), len(values)), dtype=np.int64)


def trust(card: Card, runs: Sequence[cmapss.Engine]) -> list[Trust]:
    """A verdict on each engine; SettingsError where most are no engines of this fleet in these units.

    SettingsError as well for an operating condition that training did not see.
    """
    found = [_trust(card, run) for run in runs]
    wrong = [(run.unit, one.why) for run, one in zip(runs, found, strict=True) if one.why]
    if 2 * len(wrong) > len(found):
        unit, why = wrong[0]
        raise SettingsError(
            f"{len(wrong)} of {len(found)} engines are not like those of training (another unit, a stuck "
            f"sensor?); engine {unit}: {why}"
        )
    return found


def _trust(card: Card, run: cmapss.Engine) -> Trust:
    window = slice(max(0, len(run) - card.window.steps), None)
    told = _odd(card.known, run, window) if card.known else ""
    if told:
        return Trust(0.0, told)
    wanted = max(ENOUGH, min(card.window.steps, run.last))
    return Trust(min(1.0, int(run.seen[window].sum()) / wanted))


def _odd(known: KnownNote, run: cmapss.Engine, window: slice) -> str:
    place = conditions.places(run.settings, np.array(known.conditions))[window]
    values = run.sensors[:, [cmapss.SENSORS.index(name) for name in known.sensors]]
    low, high = np.array(known.low)[place], np.array(known.high)[place]
    room = BEYOND * (high - low) + 1e-6 * np.abs(high)
    outside = (values[window] < low - room) | (values[window] > high + room)
    for column in np.flatnonzero(outside.mean(axis=0) > ODD_SHARE).tolist():
        row = int(np.flatnonzero(outside[:, column])[-1])
        seen = f"{low[row, column]:g} to {high[row, column]:g}"
        return f"{known.sensors[column]} is {values[window][row, column]:g}, and training saw {seen}"
    stuck = _run(values[run.seen]) > np.maximum(STUCK, 2 * np.array(known.still))
    names = [known.sensors[column] for column in np.flatnonzero(stuck).tolist()]
    return f"{', '.join(names[:3])} stands still" if names else ""


def widened(rul: Floats, found: Sequence[Trust], limit: float) -> npt.NDArray[np.float32]:
    """Lives (N, 3) with both ends moved towards 0 and the limit, by the share that is missing."""
    share = np.array([one.share for one in found])
    out = np.array(rul, dtype=np.float32)
    less = share < 1
    out[less, 0] = out[less, 0] * share[less]
    out[less, 2] = limit - (limit - out[less, 2]) * share[less]
    return out


def extend(model: Path, data: DataSpec) -> Card:
    """Add what training saw to the card in `model`; SettingsError when it did not learn from `data`."""
    card, runs = read_card(model), cmapss.engines(data, "train")
    told = (data.subset or "FD001", len(runs), sum(map(len, runs)))
    if card.data.kind != "cmapss" or told != (card.data.subset, card.data.runs, card.data.windows):
        raise SettingsError(f"{card.name} was not trained on {data}")
    found = card.model_copy(update={"known": note(runs, engine_sensors(card)), "limits": limits(card)})
    write_card(model, found)
    return found


def engine_sensors(card: Card) -> tuple[str, ...]:
    """The sensors that a model reads, without the settings."""
    return tuple(name for name in card.window.sensors if name in cmapss.SENSORS)


FEW = "Fewer than 30 cycles of history, or holes in it, widen the interval towards 'anything from 0 to 125'."


def limits(card: Card) -> tuple[str, ...]:
    """The card's limits, with what holds of few cycles now."""
    return tuple(FEW if line.startswith("Fewer than 30 cycles") else line for line in card.limits)


def main(arguments: list[str]) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m models.failure.known", description=__doc__)
    for name in ("model", "data"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args(arguments)
    found = extend(Path(given.model), DataSpec.parse(given.data, ("cmapss",)))
    sys.stdout.write(json.dumps(found.known.model_dump() if found.known else {}, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
